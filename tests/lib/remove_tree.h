/* Removes a directory of files, which holds no directories. */
#ifndef TESTS_LIB_REMOVE_TREE_H
#define TESTS_LIB_REMOVE_TREE_H

/* Ends the test when it cannot. */
void remove_tree(const char *path);

#endif
