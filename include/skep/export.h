/* SPDX-License-Identifier: BSD-2-Clause */
/* What every public declaration carries: the library is built with hidden visibility. */
#pragma once

#define SKEP_API __attribute__((visibility("default")))
