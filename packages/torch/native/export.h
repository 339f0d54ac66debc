// What JavaScript can call. EXPORT(result, name) { ... } in any file defines a function of that name, which
// runs inside one guard: any C++ exception becomes a JavaScript one, thrown where JavaScript called;
// nothing is printed, nothing returns null. packages/torch/src/native.ts has their types.
#pragma once

#include <napi.h>

#include <type_traits>
#include <utility>
#include <vector>

#include "script.h"

namespace normfree {

template <auto function>
auto guarded(const Napi::CallbackInfo& info) {
  try {
    if constexpr (std::is_void_v<decltype(function(info))>) return function(info);
    else return Napi::Value::From(info.Env(), function(info));
  } catch (const Napi::Error&) {
    throw;
  } catch (const ScriptThrew&) {
    throw std::exchange(stateOf(info.Env()).thrown, Napi::Error());
  } catch (const c10::Error& error) {
    throw Napi::Error::New(info.Env(), error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

using Export = void (*)(Napi::Object& exports);
std::vector<Export>& allExports();

#define EXPORT(result, name)                                                            \
  static result name(const Napi::CallbackInfo& info);                                   \
  [[maybe_unused]] static const bool name##IsExported = [] {                            \
    allExports().push_back([](Napi::Object& exports) {                                  \
      exports.Set(#name, Napi::Function::New<guarded<name>>(exports.Env(), #name));     \
    });                                                                                 \
    return true;                                                                        \
  }();                                                                                  \
  static result name(const Napi::CallbackInfo& info)

// Puts an engine in place of LibTorch's that knows of checkpoints and JavaScript's stack traces; for
// the whole process, and once is enough.
void installEngine();

// The tensor whose handle is argument number `index`.
inline const at::Tensor& tensorAt(const Napi::CallbackInfo& info, size_t index) {
  return stateOf(info.Env()).tensor(info[index].As<Napi::Number>().DoubleValue());
}

}  // namespace normfree
