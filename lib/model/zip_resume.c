/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include "zip.h"

enum wdm_zip_status
wdm_zip_resume(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	(void)zip;
	(void)req;
	return WDM_ZIP_E_FIELD;
}
