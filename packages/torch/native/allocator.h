// How the C library hands out memory for tensors.
#pragma once

namespace normfree {

// A training step allocates and frees the same activations of megabytes over and over. By default
// glibc maps such blocks from the kernel and unmaps them when freed, so that every step pays page
// faults for all of them; here freed blocks stay with the process and are used again. Measure with
// bench/resnet20.mjs. The resident set stays at the peak that the program once needed.
void keepFreedMemory();

}  // namespace normfree
