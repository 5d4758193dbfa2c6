/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Only to open /dev/wd_emu takes privileges; what comes later goes through that file.
 * So none are left when the first descriptor of a client is looked at.
 */

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emud.h"

int
emud_privileges_drop(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	/* with the latter root does not get them back by execve() */
	if (syscall(SYS_capset, &head, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		const int rc = -errno;

		emud_log(NULL, "cannot give up privileges: %s", strerror(-rc));
		return rc;
	}
	return 0;
}
