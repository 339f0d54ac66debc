// Tensors in and out of JavaScript memory, and their metadata. No arithmetic.
#pragma once

#include <napi.h>

namespace normfree {

// fromBuffer(typedArray, dtype, sizes) -> handle of a tensor that borrows the array's memory.
Napi::Value fromBuffer(const Napi::CallbackInfo& info);
// viewOf(handle) -> ArrayBuffer over the bytes of a contiguous CPU tensor, which it keeps alive.
Napi::Value viewOf(const Napi::CallbackInfo& info);
// describe(handle): dtype, requiresGrad, isLeaf, dimensions, sizes, strides, on the tape.
Napi::Value describe(const Napi::CallbackInfo& info);
// deviceOf(handle) -> 'cpu' or 'cuda:0'.
Napi::Value deviceOf(const Napi::CallbackInfo& info);
// item(handle) -> the only element as a number; undefined where there are more, where it is complex or
// an integer beyond 2^53.
Napi::Value item(const Napi::CallbackInfo& info);
// alias(handle) -> another handle of the same tensor.
Napi::Value alias(const Napi::CallbackInfo& info);
// release(count): releases the handles on the tape; those released before are passed over.
Napi::Value release(const Napi::CallbackInfo& info);

}  // namespace normfree
