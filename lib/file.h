/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files, bytes given as hexadecimal digits, and a folder that vanishes with the tool. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

#define FILE_BYTES_MAX (256u << 20) /* of an object or other input read whole */
#define TEMP_FILES_MAX 8

/* Appends the file's bytes. 0, or -errno with a sentence. */
int file_read(const char *path, struct buffer *out, struct error *err);

/* The same of what is open, to its end; @path is for the sentence. -EFBIG, and no sentence: it has more
 * than @bytes_max. */
int file_read_fd(int fd, const char *path, size_t bytes_max, struct buffer *out, struct error *err);

/* Writes a new file whole, or leaves what was there: 0 or -errno. */
int file_write_atomic(const char *path, const void *data, size_t bytes);

bool file_is_same(const char *path, const char *other);

/*
 * What an option that takes FILE|HEX means: the bytes of the file when there is one of this name, else
 * the hexadecimal digits (spaces and colons between them are skipped).
 */
int file_or_hex(const char *option, const char *text, struct buffer *out, struct error *err);

/* A private folder and the names of what is made in it. */
struct temp_folder {
	char path[256];
	char *files[TEMP_FILES_MAX];
	uint32_t n_files;
};

int temp_folder_make(struct temp_folder *tmp, struct error *err);
/* The path of a file to be made in it; owned by the folder, which removes the file. */
const char *temp_folder_file(struct temp_folder *tmp, const char *name);
void temp_folder_remove(struct temp_folder *tmp);
