/* SPDX-License-Identifier: BSD-2-Clause */
/* What every public declaration carries: the library is built with hidden visibility. */
#ifndef SKEP_EXPORT_H
#define SKEP_EXPORT_H

#define SKEP_API __attribute__((visibility("default")))

#endif
