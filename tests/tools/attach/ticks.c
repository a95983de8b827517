/* SPDX-License-Identifier: BSD-2-Clause */
/* ticks: has a USDT probe skep:tick with one argument, fired with 1, 2, ... for each line it reads. */
#include <stdio.h>

int main(void)
{
	char line[64];

	for (int n = 1; fgets(line, sizeof(line), stdin); n++) {
		__asm__ volatile("990: nop\n"
				 ".pushsection .note.stapsdt,\"\",\"note\"\n"
				 ".balign 4\n"
				 ".4byte 992f-991f, 994f-993f, 3\n"
				 "991: .asciz \"stapsdt\"\n"
				 "992: .balign 4\n"
				 "993: .8byte 990b, 0, 0\n"
				 ".asciz \"skep\"\n"
				 ".asciz \"tick\"\n"
				 ".asciz \"-4@%0\"\n"
				 "994: .balign 4\n"
				 ".popsection\n"
				 :
				 : "r"(n));
		puts("ticked");
		fflush(stdout);
	}
	return 0;
}
