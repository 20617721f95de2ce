/* What the parts of the effects' interpreter share: effects.c (the frame of a call), uses.c, frees.c, deaths.c, births.c. Private to them. */
#ifndef HOLDFAST_SHIM_CALL_H
#define HOLDFAST_SHIM_CALL_H

#include "context.h"
#include "effects.h"
#include "report.h"
#include "young.h"

#define TRACKER (&holdfast_tracker)

#define FOR_EACH_EFFECT(effect, variant)                                                                             \
    for (const struct effect_info *effect = &effect_table[(variant)->first_effect],                                  \
                                  *effect##_end = effect + (variant)->effect_count;                                  \
         effect < effect##_end; effect++)

/* What a use or free of this handle violates, if anything. */
struct finding {
    unsigned rule; /* 0: nothing */
    handle_id dead;
    enum report_action action;
    bool refuse;
    bool giving; /* the call gives the handle away instead of freeing it */
    const char *expected; /* HF109: words of the kind that is expected; HF110: the function that would have been right */
    const char *note;
};

/* What the effects beside `new` and `borrows` say of the handle. */
struct birth {
    bool update, shared, threadsafe;
    const char *label;
    int32_t number;
    bool has_number;
};

/* ---- effects.c ------------------------------------------------------------------------------------------- */

void good_remember(uintptr_t address, unsigned provider, unsigned kind);
void loan_forget(uintptr_t parent, uintptr_t child);
void loan_remember(uintptr_t parent, uintptr_t child);
bool forget_good_of(struct tracker *tracker, handle_id id, void *context);
handle_id find_handle(uintptr_t address, uint8_t expected);
bool condition_holds(const struct effect_info *effect, const uintptr_t *arguments);
/* How many handles a place of the call names (the members of an array, else 1), and each of them; 0 for what is not there. */
uint64_t operand_count(const struct operand *operand, const uintptr_t *arguments, uintptr_t result);
uintptr_t operand_member(const struct operand *operand, const uintptr_t *arguments, uintptr_t result, uint64_t index);
uintptr_t operand_value(const struct operand *operand, const uintptr_t *arguments, uintptr_t result);
uint8_t kind_of_argument(const struct call *call, int position);
/* [tracker locked] A live handle under this address that is certainly no such thing, 0 if there is none. */
handle_id of_another_kind(const struct view *view, uintptr_t address, uint8_t expected);
int true_count(const struct view *view, enum kind kind, uintptr_t address);
/* The same where no function has to be looked up for it, else 0: also with the tracker locked, because all that it calls is an addition to the object's count. */
int known_count(const struct view *view, enum kind kind, uintptr_t address);

/* ---- uses.c ---------------------------------------------------------------------------------------------- */

bool certainly_foreign(const struct view *view, const struct handle_record *record);
struct finding judge_use(const struct call *call, handle_id id);
void judge_dead(struct finding *finding, const struct handle_record *record, handle_id id);
unsigned rule_of_dead(const struct handle_record *record);
handle_id killer_of(handle_id id); /* [tracker locked] what took it along, itself if nothing did */
void tell_violation(struct call *call, const struct violation *violation, bool refused, const uintptr_t *arguments);
void tell(struct call *call, const struct finding *finding, handle_id id, bool freeing, const uintptr_t *arguments);
bool uses_are_fine(struct call *call, const struct variant_info *variant, const uintptr_t *arguments);

/* ---- deaths.c -------------------------------------------------------------------------------------------- */

void watch_start(struct call *call);
bool watch_one(struct tracker *tracker, handle_id id, void *context);
bool same_record(handle_id id, uint32_t serial);
/* Lock all that a call's end is about. */
bool lock_near_dying(const struct call *call);
void forget_unseen(handle_id id);

/* ---- frees.c --------------------------------------------------------------------------------------------- */

enum call_outcome judge_and_free(struct call *call, const struct effect_info *effect, uintptr_t address, const uintptr_t *arguments);
enum call_outcome judge_and_take(struct call *call, const struct effect_info *effect, uintptr_t address, const uintptr_t *arguments);
void judge_invalidation(struct call *call, const struct effect_info *effect, const uintptr_t *arguments);
handle_id owner_of(handle_id id); /* [tracker locked] */
void end_world(struct call *call, const struct effect_info *effect);

/* ---- births.c -------------------------------------------------------------------------------------------- */

void gather_birth(struct birth *birth, const struct variant_info *variant, const uintptr_t *arguments);
void was_born(struct call *call, uintptr_t address, uint8_t kind, const struct birth *birth);
/* [tracker locked] Its loans are not passed by any more. */
void forget_loans_of(handle_id child);
void depends_on(struct call *call, const struct effect_info *effect, uintptr_t child, uintptr_t parent);
void was_lent(struct call *call, const struct effect_info *effect, uintptr_t child, uintptr_t parent, const struct birth *birth);
void is_owner(struct call *call, const struct effect_info *effect, uintptr_t owner, uintptr_t child);
void was_taken(struct call *call, const struct effect_info *effect, uintptr_t address, uintptr_t taker, bool failed);
void was_stolen(struct call *call, const struct effect_info *effect, uintptr_t address);
void were_handed(const struct effect_info *effect, uintptr_t parent);
void was_moved(struct call *call, const struct effect_info *effect, uintptr_t address, uintptr_t parent);
void change_references(const struct effect_info *effect, uintptr_t address, int change);
void was_restored(const struct effect_info *effect, uintptr_t address);
void was_shared(const struct effect_info *effect, uintptr_t address);
void is_prompt(const struct effect_info *effect, uintptr_t address);

/* ---- changes.c ------------------------------------------------------------------------------------------- */

enum call_outcome judge_alteration(struct call *call, const struct effect_info *effect, const uintptr_t *arguments);
void was_altered(struct call *call, const struct effect_info *effect, uintptr_t address, const uintptr_t *arguments);
void were_replaced(struct call *call, const struct effect_info *effect, uintptr_t parent, const uintptr_t *arguments);
void world_ended(struct call *call, bool ended);
/* Is this a call of the library's own context after its end? Told, and true when it is refused. */
bool world_is_over(struct call *call, const struct variant_info *variant, const uintptr_t *arguments);

#endif
