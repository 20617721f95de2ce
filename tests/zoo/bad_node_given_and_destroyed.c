/* An XML node is destroyed after the tree that it was added to. */
#include "zoo.h"
#include <cpl_minixml.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLXMLNode *tree = CPLCreateXMLNode(NULL, CXT_Element, "tree");
    CPLXMLNode *node = CPLCreateXMLElementAndValue(NULL, "value", "1"); /* obtained */
    CPLAddXMLChild(tree, node);
    CPLDestroyXMLNode(tree); /* freed */
    CPLDestroyXMLNode(node); /* used */
    printf("end\n");
    return 0;
}
