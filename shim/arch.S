/* The one processor-dependent file: the exported dlsym, which must leave its caller's return address where it is, the
 * trampolines that dlsym hands out, which must leave everything where it is, and the change to another stack in a crash.
 *
 * Any thread, any time, any stack; called by code that may believe it calls GDAL itself. So a trampoline touches only the
 * registers that the calling convention gives to such glue (x86-64: r10, r11; AArch64: x16, x17, and the scratch register x9): no argument
 * register, no stack, neither al (variadic calls) nor x8 (address of a large result).
 */
#include "dlsym.h"

        .text

#if defined(__x86_64__)

#if defined(__CET__)
#include <cet.h> /* marks the object as ready for indirect branch tracking */
#endif

/* void *dlsym(void *handle, const char *name) */
        .globl  dlsym
        .type   dlsym, @function
        .p2align 4
dlsym:
        .cfi_startproc
        endbr64
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        pushq   %rsi
        .cfi_adjust_cfa_offset 8
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        movq    24(%rsp), %rdx /* return address */
        call    dlsym_route
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %rsi
        .cfi_adjust_cfa_offset -8
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        testq   %rax, %rax
        je      1f
        jmp     *%rax
1:      movq    (%rsp), %rdx
        jmp     dlsym_slowly
        .cfi_endproc
        .size   dlsym, . - dlsym

/* r11 = number of the trampoline */
        .type   trampoline_common, @function
        .p2align 4
trampoline_common:
        .cfi_startproc
        shll    $4, %r11d /* SLOT_BYTES */
        leaq    dlsym_slots(%rip), %r10
        addq    %r10, %r11
        movq    dlsym_slot_used@gottpoff(%rip), %r10
        movq    %r11, %fs:(%r10)
        leaq    no_cell(%rip), %r11 /* keeps the wrapper off its fast path, which does not look at the slot */
        movq    call_cell@gottpoff(%rip), %r10
        movq    %r11, %fs:(%r10)
        movq    dlsym_slot_used@gottpoff(%rip), %r10
        movq    %fs:(%r10), %r11
        jmp     *SLOT_WRAPPER(%r11)
        .cfi_endproc
        .size   trampoline_common, . - trampoline_common

/* void crash_call_on_stack(void *top, void (*function)(void *, void *, void *), void *first, void *second, void *third)
 * A frame of its own on either stack, so that an unwinder comes through. */
        .hidden crash_call_on_stack
        .globl  crash_call_on_stack
        .type   crash_call_on_stack, @function
        .p2align 4
crash_call_on_stack:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        movq    %rdi, %rsp
        movq    %rsi, %rax
        movq    %rdx, %rdi
        movq    %rcx, %rsi
        movq    %r8, %rdx
        call    *%rax
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   crash_call_on_stack, . - crash_call_on_stack

        .hidden dlsym_trampolines
        .globl  dlsym_trampolines
        .type   dlsym_trampolines, @function
        .p2align 4
dlsym_trampolines:
        .cfi_startproc
        .set    number, 0
        .rept   TRAMPOLINE_COUNT
        endbr64
        movl    $number, %r11d
        jmp     trampoline_common
        .p2align 4
        .set    number, number + 1
        .endr
        .cfi_endproc
        .size   dlsym_trampolines, . - dlsym_trampolines

#elif defined(__aarch64__)

/* void *dlsym(void *handle, const char *name); hint #34 is `bti c`, a no-op on older processors */
        .globl  dlsym
        .type   dlsym, %function
        .p2align 4
dlsym:
        .cfi_startproc
        hint    #34
        stp     x29, x30, [sp, #-32]!
        .cfi_def_cfa_offset 32
        .cfi_offset x29, -32
        .cfi_offset x30, -24
        mov     x29, sp
        stp     x0, x1, [sp, #16]
        mov     x2, x30
        bl      dlsym_route
        mov     x16, x0
        ldp     x0, x1, [sp, #16]
        ldp     x29, x30, [sp], #32
        .cfi_restore x30
        .cfi_restore x29
        .cfi_def_cfa_offset 0
        cbz     x16, 1f
        br      x16
1:      mov     x2, x30
        b       dlsym_slowly
        .cfi_endproc
        .size   dlsym, . - dlsym

/* w16 = number of the trampoline */
        .type   trampoline_common, %function
        .p2align 4
trampoline_common:
        .cfi_startproc
        adrp    x17, dlsym_slots
        add     x17, x17, :lo12:dlsym_slots
        add     x16, x17, x16, lsl #4 /* SLOT_BYTES */
        adrp    x9, :gottprel:dlsym_slot_used
        ldr     x9, [x9, #:gottprel_lo12:dlsym_slot_used]
        mrs     x17, tpidr_el0
        str     x16, [x17, x9]
        adrp    x9, :gottprel:call_cell
        ldr     x9, [x9, #:gottprel_lo12:call_cell]
        add     x17, x17, x9
        adrp    x9, no_cell
        add     x9, x9, :lo12:no_cell
        str     x9, [x17] /* keeps the wrapper off its fast path, which does not look at the slot */
        ldr     x17, [x16, #SLOT_WRAPPER]
        br      x17
        .cfi_endproc
        .size   trampoline_common, . - trampoline_common

/* As above. */
        .hidden crash_call_on_stack
        .globl  crash_call_on_stack
        .type   crash_call_on_stack, %function
        .p2align 4
crash_call_on_stack:
        .cfi_startproc
        hint    #34
        stp     x29, x30, [sp, #-16]!
        .cfi_adjust_cfa_offset 16
        .cfi_offset x29, -16
        .cfi_offset x30, -8
        mov     x29, sp
        .cfi_def_cfa x29, 16
        mov     sp, x0
        mov     x9, x1
        mov     x0, x2
        mov     x1, x3
        mov     x2, x4
        blr     x9
        mov     sp, x29
        ldp     x29, x30, [sp], #16
        .cfi_def_cfa sp, 0
        ret
        .cfi_endproc
        .size   crash_call_on_stack, . - crash_call_on_stack

        .hidden dlsym_trampolines
        .globl  dlsym_trampolines
        .type   dlsym_trampolines, %function
        .p2align 4
dlsym_trampolines:
        .cfi_startproc
        .set    number, 0
        .rept   TRAMPOLINE_COUNT
        hint    #34
        mov     w16, #number
        b       trampoline_common
        .p2align 4
        .set    number, number + 1
        .endr
        .cfi_endproc
        .size   dlsym_trampolines, . - dlsym_trampolines

#if defined(__ARM_FEATURE_BTI_DEFAULT)
/* Marks the object as ready for branch target identification. */
        .pushsection .note.gnu.property, "a"
        .p2align 3
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000000, 4, 1, 0
        .popsection
#endif

#else
#error "Holdfast needs a dlsym and trampolines for this processor"
#endif

        .section .note.GNU-stack, "", %progbits
