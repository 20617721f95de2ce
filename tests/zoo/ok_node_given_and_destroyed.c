/* An XML node is added to a tree, taken out by the library or by hand, and added to another, or destroyed; others are made in their tree at once. */
#include "zoo.h"
#include <cpl_minixml.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLXMLNode *first = CPLCreateXMLNode(NULL, CXT_Element, "first"), *second = CPLCreateXMLNode(NULL, CXT_Element, "second");
    CPLXMLNode *node = CPLCreateXMLElementAndValue(NULL, "value", "1");
    CPLAddXMLChild(first, node);
    CPLRemoveXMLChild(first, node);
    CPLAddXMLChild(second, node);
    CPLCreateXMLElementAndValue(first, "value", "2");
    CPLAddXMLSibling(first, CPLCreateXMLNode(NULL, CXT_Comment, "after"));
    printf("%s %s\n", CPLGetXMLValue(first, "value", "-"), CPLGetXMLValue(second, "value", "-"));
    node = CPLGetXMLNode(second, "value");
    second->psChild = NULL;
    CPLAddXMLChild(first, node);
    node = CPLGetXMLNode(first, "value");
    first->psChild = node->psNext;
    node->psNext = NULL;
    CPLDestroyXMLNode(node);
    printf("%s %s\n", CPLGetXMLValue(first, "value", "-"), CPLGetXMLValue(second, "value", "-"));
    CPLDestroyXMLNode(first);
    CPLDestroyXMLNode(second);
    return 0;
}
