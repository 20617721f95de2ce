/* Nodes of XML trees that live on rightly: a clone, a node taken out by the library, one taken out by hand. */
#include "zoo.h"
#include <cpl_minixml.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLXMLNode *tree = CPLParseXMLString("<a><b><c>text</c></b><d>more</d><e>last</e></a>");
    CPLXMLNode *clone = CPLCloneXMLTree(CPLGetXMLNode(tree, "b"));
    CPLXMLNode *removed = CPLGetXMLNode(tree, "d");
    CPLRemoveXMLChild(tree, removed);
    CPLXMLNode *cut = CPLGetXMLNode(tree, "e");
    tree->psChild->psNext = NULL;
    CPLDestroyXMLNode(tree);
    printf("%s %s %s\n", CPLGetXMLValue(clone, "c", ""), CPLGetXMLValue(removed, "", ""), CPLGetXMLValue(cut, "", ""));
    CPLDestroyXMLNode(clone);
    CPLDestroyXMLNode(removed);
    CPLDestroyXMLNode(cut);

    /* The declaration before the root is its elder sibling. */
    tree = CPLParseXMLString("<?xml version=\"1.0\"?><a><b>text</b></a>");
    CPLXMLNode *root = CPLGetXMLNode(tree, "=a");
    tree->psNext = NULL;
    CPLDestroyXMLNode(tree);
    printf("%s\n", CPLGetXMLValue(root, "b", ""));
    CPLDestroyXMLNode(root);
    return 0;
}
