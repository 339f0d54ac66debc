// The addon's list of exports. Each runs inside one guard that turns any C++ exception into a
// JavaScript one, thrown where JavaScript called; nothing is printed, nothing returns null.
#include <napi.h>

#include "allocator.h"
#include "autograd.h"
#include "dispatch.h"
#include "random.h"
#include "state.h"
#include "tensor.h"

namespace normfree {

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw Napi::Error::New(info.Env(), error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<function>>(exports.Env(), name));
}

// useTape(float64Array): the array that arguments and results travel on from now on.
Napi::Value useTape(const Napi::CallbackInfo& info) {
  stateOf(info.Env()).setTape(info[0].As<Napi::Float64Array>());
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  keepFreedMemory();
  env.SetInstanceData<State>(new State());
  add<useTape>(exports, "useTape");
  add<resolve>(exports, "resolve");
  add<invoke>(exports, "invoke");
  add<schemas>(exports, "schemas");
  add<fromBuffer>(exports, "fromBuffer");
  add<viewOf>(exports, "viewOf");
  add<describe>(exports, "describe");
  add<deviceOf>(exports, "deviceOf");
  add<item>(exports, "item");
  add<alias>(exports, "alias");
  add<release>(exports, "release");
  add<backward>(exports, "backward");
  add<grad>(exports, "grad");
  add<gradOf>(exports, "gradOf");
  add<gradFnOf>(exports, "gradFnOf");
  add<setGrad>(exports, "setGrad");
  add<setRequiresGrad>(exports, "setRequiresGrad");
  add<setGradMode>(exports, "setGradMode");
  add<inference>(exports, "inference");
  add<setAutocast>(exports, "setAutocast");
  add<clearAutocastCache>(exports, "clearAutocastCache");
  add<manualSeed>(exports, "manualSeed");
  add<generator>(exports, "generator");
  add<seedGenerator>(exports, "seedGenerator");
  add<generatorSeed>(exports, "generatorSeed");
  add<generatorState>(exports, "generatorState");
  add<setGeneratorState>(exports, "setGeneratorState");
  add<setNumThreads>(exports, "setNumThreads");
  add<engineInfo>(exports, "engineInfo");
  add<counts>(exports, "counts");
  return exports;
}

NODE_API_MODULE(normfree_torch, init)

}  // namespace normfree
