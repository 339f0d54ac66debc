// Where Node enters: what is set up once, and the list of exports that the other files made.
#include <cstdlib>

#include "export.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace normfree {

namespace {

// A training step allocates and frees the same activations of megabytes over and over. By default
// glibc maps and unmaps such blocks, so that every step pays page faults for all of them; here freed
// ones stay and are used again (bench/resnet20.mjs). The resident set stays at its peak.
void keepFreedMemory() {
#ifdef __GLIBC__
  // Some versions refuse a threshold above half of one of their heaps: the largest that is taken.
  for (int bytes = 1 << 30; bytes > 1 << 20 && mallopt(M_MMAP_THRESHOLD, bytes) != 1; bytes /= 2) {
  }
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

// When an environment ends, its tensors go first: they leave references behind that are dropped then.
void end(Napi::Env env, State* state) {
  const auto graveyard = state->graveyard;
  delete state;
  graveyard->sweep(env);
}

}  // namespace

std::vector<Export>& allExports() {
  static std::vector<Export> exports;
  return exports;
}

// useTape(float64Array): the array that arguments and results travel on from now on.
EXPORT(void, useTape) { stateOf(info.Env()).setTape(info[0].As<Napi::Float64Array>()); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  keepFreedMemory();
  installEngine();
  env.SetInstanceData<State, end>(new State());
  for (const Export add : allExports()) add(exports);
  return exports;
}

NODE_API_MODULE(normfree_torch, init)

}  // namespace normfree
