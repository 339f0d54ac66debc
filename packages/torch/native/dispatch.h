// Looks operators up in LibTorch's dispatcher by their schema name and calls them boxed. No
// operator is known here by name: the schema says how each argument is converted.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>

#include <string>
#include <vector>

#include "boxing.h"

namespace normfree {

struct Operator {
  c10::OperatorHandle handle;
  std::vector<ArgumentType> arguments;
};

// resolve(name, overload) -> index for invoke(); -1 when the loaded LibTorch has no such operator.
Napi::Value resolve(const Napi::CallbackInfo& info);
// invoke(index, count): arguments are read from the tape, results written over them. Returns the
// longer tape that the results needed, undefined as a rule.
Napi::Value invoke(const Napi::CallbackInfo& info);
// schemas() -> every registered schema, as LibTorch prints it.
Napi::Value schemas(const Napi::CallbackInfo& info);

}  // namespace normfree
