/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The probes need nothing from it. */
