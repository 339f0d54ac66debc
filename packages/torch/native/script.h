// JavaScript called from inside LibTorch: hooks, backward functions, recomputation. Most passes run
// on the thread that asked for them, and the call is a plain one. But CUDA's part of a pass runs on
// threads of LibTorch's, where no JavaScript may run: such a pass is lent to another thread, while
// the environment's own thread waits and runs what the others hand to it.
#pragma once

#include <ATen/ThreadLocalState.h>
#include <napi.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

#include "state.h"

namespace normfree {

// What LibTorch sees when JavaScript threw. The error itself waits in State::thrown, because it must
// not be touched by other threads, and goes on where JavaScript called the addon.
struct ScriptThrew : std::runtime_error {
  ScriptThrew() : std::runtime_error("JavaScript called by LibTorch threw") {}
};

// Puts a variable back to what it was when the scope ends.
template <typename T> struct Restore {
  ~Restore() { variable = before; }
  T& variable;
  const T before;
};

// The thread of one JavaScript environment, as other threads see it.
class ScriptThread {
 public:
  using Work = std::function<void()>;

  // On any thread: runs `work` on this one and waits for it. Refuses (rather than waiting forever)
  // when this thread is not serving.
  void visit(const Work& work);
  // On this thread: runs a pass of autograd, elsewhere where that is needed, and serves meanwhile.
  void pass(const Work& work);

  std::atomic<uint32_t> blamed{0};  // noteCaller's number of the operation whose backward failed last

 private:
  struct Task {
    explicit Task(const Work& work) : work(work) {}
    const Work& work;
    const at::ThreadLocalState modes;  // of whoever asks: grad mode, autocast
    std::exception_ptr error;
    bool done = false;
    Task* nested = nullptr;  // a pass that JavaScript started in the middle of this visit
  };
  void run(Task& task, std::unique_lock<std::mutex>& lock);

  const std::thread::id id_ = std::this_thread::get_id();
  int depth_ = 0;  // passes within passes
  int serving_ = 0;
  Task* current_ = nullptr;  // the visit that this thread runs now
  std::deque<Task*> visits_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// A JavaScript function of tensors, which LibTorch may call and drop on any thread. In JavaScript it
// is `(handles: number[]) => number[]`, 0 for an undefined tensor; it owns the handles it is given,
// and those that it returns are taken over here.
class ScriptFunction {
 public:
  explicit ScriptFunction(const Napi::Function& function);
  ~ScriptFunction();
  ScriptFunction(const ScriptFunction&) = delete;
  ScriptFunction& operator=(const ScriptFunction&) = delete;

  std::vector<at::Tensor> operator()(const std::vector<at::Tensor>& tensors) const;
  ScriptThread& thread() const { return *thread_; }

 private:
  std::vector<at::Tensor> call(const std::vector<at::Tensor>& tensors) const;

  napi_env env_;
  napi_ref function_;
  std::shared_ptr<ScriptThread> thread_;
  std::shared_ptr<Graveyard> graveyard_;
};

}  // namespace normfree
