// What the addon keeps for one JavaScript environment (the main thread or a worker): the table of
// native values that JavaScript refers to by handle, the tape, and the books of external memory.
// Nothing here is shared between environments.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "boxing.h"
#include "tape.h"
#include "version.h"

namespace normfree {

// JavaScript buffers whose memory a tensor borrowed. A tensor may die on any thread, the reference
// may be dropped only on its own: the deleter leaves it here, and the next call sweeps.
class Graveyard {
 public:
  void bury(napi_ref ref);
  void sweep(napi_env env);

 private:
  std::atomic<bool> occupied_{false};  // so that a sweep of nothing, after every call, takes no lock
  std::mutex mutex_;
  std::vector<napi_ref> refs_;
};

struct Operator {
  c10::OperatorHandle handle;
  std::vector<ArgumentType> arguments;
};

class ScriptThread;

class State {
 public:
  State();
  // Handles are generation * 2^24 + slot, so that a stale one is recognised and never misread.
  double hold(c10::IValue value);
  double hold(const at::Tensor& tensor);
  const c10::IValue& at(double handle) const;
  const at::Tensor& tensor(double handle) const { return at(handle).toTensor(); }
  bool release(double handle);  // false when it was released before

  // Tensors only: random streams and other values are few and small.
  size_t live() const { return slots_.size() - free_.size() - retired_ - others_; }
  int64_t bytes() const { return bytes_; }
  // After a call: tells V8 of tensor memory held or freed since the last time, in steps of a few
  // MB, and lets go of JavaScript buffers that no tensor borrows any more.
  void settle(napi_env env);

  Tape tape() { return Tape(tapeData_, tapeSize_); }
  void setTape(Napi::Float64Array array);
  // Makes the tape at least `entries` long: gives JavaScript the new one, undefined when it fits.
  Napi::Value growTape(Napi::Env env, size_t entries);

  // A deque, whose entries stay where they are: a hook may resolve one in the middle of a call.
  std::deque<Operator> operators;
  std::shared_ptr<Graveyard> graveyard = std::make_shared<Graveyard>();
  const std::shared_ptr<ScriptThread> thread;
  Napi::Error thrown;  // by JavaScript below LibTorch, on its way to where JavaScript called

 private:
  struct Slot {
    c10::IValue value;
    uint32_t generation = 1;
    bool used = false;
    int64_t bytes = 0;
  };
  const Slot* find(double handle) const;

  double* tapeData_ = nullptr;
  size_t tapeSize_ = 0;
  Napi::Reference<Napi::Float64Array> tapeArray_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t retired_ = 0;  // slots that have used up their generations
  size_t others_ = 0;   // values held that are no tensors
  int64_t bytes_ = 0;
  int64_t reported_ = 0;
};

State& stateOf(napi_env env);

}  // namespace normfree
