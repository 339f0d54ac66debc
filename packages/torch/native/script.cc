// See script.h.
#include "script.h"

#include <ATen/Context.h>

#include <utility>

namespace normfree {

namespace {
std::atomic<int> functions{0};
// LibTorch moves passes nested deeper than 60 to threads of its own.
constexpr int kDeepest = 50;
}  // namespace

void ScriptThread::run(Task& task, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  try {
    const at::ThreadLocalStateGuard guard(task.modes);
    task.work();
  } catch (...) {
    task.error = std::current_exception();
  }
  lock.lock();
  task.done = true;
  changed_.notify_all();
}

void ScriptThread::visit(const Work& work) {
  if (std::this_thread::get_id() == id_) return work();
  Task task(work);
  std::unique_lock<std::mutex> lock(mutex_);
  if (serving_ == 0)
    throw std::runtime_error("JavaScript can be called from a thread of LibTorch only during backward() or grad()");
  visits_.push_back(&task);
  changed_.notify_all();
  for (;;) {
    changed_.wait(lock, [&] { return task.done || task.nested; });
    if (task.done) break;
    // This thread may be the only one that serves its device: the nested pass would wait for it.
    run(*std::exchange(task.nested, nullptr), lock);
  }
  if (task.error) std::rethrow_exception(task.error);
}

void ScriptThread::pass(const Work& work) {
  const Restore<int> leave{depth_, depth_};
  // Without a function that could be called, or where all of the pass stays here, nothing is lent.
  if (functions == 0 || (depth_++ < kDeepest && !at::hasCUDA())) return work();
  Task pass(work);
  std::thread thread;
  std::unique_lock<std::mutex> lock(mutex_);
  Task* const outer = current_;
  if (outer) {
    outer->nested = &pass;
    changed_.notify_all();
  } else {
    thread = std::thread([&] {
      std::unique_lock<std::mutex> taken(mutex_);
      run(pass, taken);
    });
  }
  serving_++;
  while (!pass.done) {
    changed_.wait(lock, [&] { return pass.done || !visits_.empty(); });
    if (visits_.empty()) continue;
    current_ = visits_.front();
    visits_.pop_front();
    run(*current_, lock);
    current_ = outer;
  }
  serving_--;
  lock.unlock();
  if (thread.joinable()) thread.join();
  if (pass.error) std::rethrow_exception(pass.error);
}

ScriptFunction::ScriptFunction(const Napi::Function& function)
    : env_(function.Env()), thread_(stateOf(env_).thread), graveyard_(stateOf(env_).graveyard) {
  if (napi_create_reference(env_, function, 1, &function_) != napi_ok) throw Napi::Error::New(env_);
  functions++;
}

ScriptFunction::~ScriptFunction() {
  functions--;
  graveyard_->bury(function_);
}

std::vector<at::Tensor> ScriptFunction::operator()(const std::vector<at::Tensor>& tensors) const {
  std::vector<at::Tensor> results;
  thread_->visit([&] { results = call(tensors); });
  return results;
}

std::vector<at::Tensor> ScriptFunction::call(const std::vector<at::Tensor>& tensors) const {
  const Napi::Env env(env_);
  const Napi::HandleScope scope(env);
  State& state = stateOf(env_);
  try {
    napi_value function;
    if (napi_get_reference_value(env_, function_, &function) != napi_ok) throw Napi::Error::New(env);
    auto handles = Napi::Array::New(env, tensors.size());
    for (uint32_t i = 0; i < tensors.size(); i++)
      handles.Set(i, tensors[i].defined() ? state.hold(tensors[i]) : 0);
    const auto returned = Napi::Function(env, function).Call({handles}).As<Napi::Array>();
    std::vector<at::Tensor> results(returned.Length());
    for (uint32_t i = 0; i < results.size(); i++) {
      const double handle = returned.Get(i).As<Napi::Number>().DoubleValue();
      if (handle == 0) continue;
      results[i] = state.tensor(handle);
      state.release(handle);
    }
    return results;
  } catch (const Napi::Error& error) {
    state.thrown = error;
    throw ScriptThrew();
  }
}

}  // namespace normfree
