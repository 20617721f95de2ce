/* A node of an XML tree is read after the tree was destroyed. */
#include "zoo.h"
#include <cpl_minixml.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLXMLNode *tree = CPLParseXMLString("<a><b><c>text</c></b></a>");
    CPLXMLNode *node = CPLGetXMLNode(tree, "b");                /* obtained */
    CPLDestroyXMLNode(tree);                                    /* freed */
    printf("%s\n", CPLGetXMLValue(node, "c", "nothing") != NULL ? "read" : "refused"); /* used */
    return 0;
}
