/* What libholdfast-audit.so writes for `holdfast doctor -- PROGRAM`: lines of a letter, the number of the process image, a blank, and
 *
 *     P PATH            the program of this image, once
 *     O PATH            an object was loaded
 *     L CALLER<tab>NAME the object CALLER looked the function NAME up
 *
 * A process image is what one execve made; its forked children write under its number. No path with a line break is written. */
#ifndef HOLDFAST_TOOLS_DOCTOR_AUDIT_H
#define HOLDFAST_TOOLS_DOCTOR_AUDIT_H

#define AUDIT_FILE_VARIABLE "HOLDFAST_DOCTOR_FILE"
#define AUDIT_LIBRARY "libholdfast-audit.so"

#endif
