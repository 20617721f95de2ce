/* One XML node is added to two trees: both would destroy it. */
#include "zoo.h"
#include <cpl_minixml.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLXMLNode *first = CPLCreateXMLNode(NULL, CXT_Element, "first"), *second = CPLCreateXMLNode(NULL, CXT_Element, "second");
    CPLXMLNode *node = CPLCreateXMLElementAndValue(NULL, "value", "1"); /* obtained */
    CPLAddXMLChild(first, node);                                        /* freed */
    CPLAddXMLChild(second, node);                                       /* used */
    printf("%s %s\n", CPLGetXMLValue(first, "value", "-"), CPLGetXMLValue(second, "value", "-"));
    CPLDestroyXMLNode(first);
    CPLDestroyXMLNode(second);
    return 0;
}
