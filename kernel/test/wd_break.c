// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * Copyright (c) 2026 the wd authors
 *
 * wd_break.ko, for tests: the next calls of a function do nothing and return a number,
 * as they would on a machine that is broken.
 *
 *     insmod wd_break.ko function=iommu_unmap result=0 times=1
 *     insmod wd_break.ko function=wd_edu:edu_stop result=-110 times=2
 */

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "name, after that of its module and a colon if it has one");

static long result;
module_param(result, long, 0444);
MODULE_PARM_DESC(result, "what it returns");

static int times = 1;
module_param(times, int, 0444);
MODULE_PARM_DESC(times, "how many calls of it");

static atomic_t left;

static int
left_get(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&left));
}

static const struct kernel_param_ops left_ops = { .get = left_get };
module_param_cb(left, &left_ops, NULL, 0444);
MODULE_PARM_DESC(left, "how many of them are to come, to be read");

/* Called in its place, with its arguments, which it does not look at. */
static noinline long
break_function(void)
{
	return result;
}
NOKPROBE_SYMBOL(break_function);

static int
break_before(struct kprobe *p, struct pt_regs *regs)
{
	if (atomic_dec_if_positive(&left) < 0)
		return 0;
	instruction_pointer_set(regs, (unsigned long)break_function);
	return 1;
}
NOKPROBE_SYMBOL(break_before);

/* Without one a probe may be made a jump, behind which pre_handler cannot go elsewhere. */
static void
break_after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(break_after);

static struct kprobe break_probe = { .pre_handler = break_before, .post_handler = break_after };

static int __init
break_init(void)
{
	if (function == NULL)
		return -EINVAL;
	atomic_set(&left, times);
	break_probe.symbol_name = function;
	return register_kprobe(&break_probe);
}

static void __exit
break_exit(void)
{
	unregister_kprobe(&break_probe);
}

module_init(break_init);
module_exit(break_exit);
MODULE_DESCRIPTION("broken machines, for tests of wd");
MODULE_AUTHOR("the wd authors");
MODULE_LICENSE("Dual BSD/GPL");
