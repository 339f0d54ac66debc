// The parts of autograd's graph that JavaScript takes part in: hooks of tensors, functions with a
// backward of their own, checkpoints that recompute instead of keeping, and anomaly detection.
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include "export.h"

namespace normfree {

namespace {

using torch::autograd::Node;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

// Nodes are shared pointers up to some 2.x, and counted intrusively from there on.
using NodePtr = decltype(torch::autograd::Edge::function);
template <typename T> std::shared_ptr<T> owner(T* made, std::shared_ptr<T>*) { return {made, [](T* n) { deleteNode(n); }}; }
template <typename T> auto owner(T* made, c10::intrusive_ptr<T>*) { return c10::intrusive_ptr<T>::unsafe_steal_from_new(made); }
template <typename T> auto self(T* node, std::shared_ptr<T>*) { return node->shared_from_this(); }
template <typename T> auto self(T* node, c10::intrusive_ptr<T>*) { return c10::intrusive_ptr<T>::reclaim_copy(node); }
constexpr NodePtr* kCounting = nullptr;

// One checkpointed call. LibTorch saves tensors in it in an order that the recomputation repeats.
struct Checkpoint {
  Checkpoint(const Napi::Function& function, variable_list given) : recompute(function), inputs(std::move(given)) {}

  const ScriptFunction recompute;
  const variable_list inputs;
  std::vector<std::weak_ptr<at::Tensor>> slots;  // those of parts of the graph that are gone stay empty
  bool again = false;                            // recomputing
  size_t next = 0;
};

// Innermost last. An entry holds for the operators that its thread calls.
thread_local std::vector<std::shared_ptr<Checkpoint>> checkpoints;

struct WithCheckpoint {
  explicit WithCheckpoint(std::shared_ptr<Checkpoint> entered) { checkpoints.push_back(std::move(entered)); }
  ~WithCheckpoint() { checkpoints.pop_back(); }
};

class CheckpointHooks : public torch::autograd::SavedVariableHooks {
 public:
  explicit CheckpointHooks(std::shared_ptr<Checkpoint> checkpoint) : checkpoint_(std::move(checkpoint)) {}

  void call_pack_hook(const at::Tensor& tensor) override {
    if (checkpoint_->again) {
      const size_t index = checkpoint_->next++;
      const auto slot = index < checkpoint_->slots.size() ? checkpoint_->slots[index].lock() : nullptr;
      if (slot) *slot = tensor.detach();
    } else {
      slot_ = std::make_shared<at::Tensor>();
      checkpoint_->slots.push_back(slot_);
    }
  }

  at::Tensor call_unpack_hook() override {
    if (!slot_) throw std::runtime_error("checkpoint: Expected no backward through the recomputation itself.");
    if (!slot_->defined()) checkpoint_->recompute.thread().visit([this] { recompute(); });
    return std::move(*slot_);
  }

 private:
  void recompute() {
    const WithCheckpoint entered(checkpoint_);
    checkpoint_->again = true;
    checkpoint_->next = 0;
    const Restore<bool> leave{checkpoint_->again, false};
    checkpoint_->recompute(checkpoint_->inputs);
    const auto expected = std::to_string(checkpoint_->slots.size()), received = std::to_string(checkpoint_->next);
    if (expected != received)
      throw std::runtime_error("checkpoint: Expected the operations of the first call again, which saved " + expected +
                               " tensors, but received others, which saved " + received + ".");
  }

  std::shared_ptr<Checkpoint> checkpoint_;
  std::shared_ptr<at::Tensor> slot_;
};

// Where operations of this thread are called from, and the environment that wants to know.
struct Caller {
  std::shared_ptr<ScriptThread> thread;
  uint32_t number = 0;
};
thread_local Caller caller;

class Trace : public torch::autograd::AnomalyMetadata {
 public:
  void store_stack() override { caller_ = caller; }
  void assign_parent(const NodePtr& parent) override { parent_ = parent; }
  void print_stack(const std::string&) override {
    if (caller_.thread) caller_.thread->blamed = caller_.number;
    // A node that a pass made on a thread of LibTorch's: the node that the pass differentiated is asked.
    else if (parent_) parent_->metadata()->print_stack(parent_->name());
  }

 private:
  Caller caller_;
  NodePtr parent_;
};

class GraphEngine : public torch::autograd::Engine {
 public:
  std::unique_ptr<torch::autograd::AnomalyMetadata> make_anomaly_metadata() override {
    return std::make_unique<Trace>();
  }
  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    if (checkpoints.empty()) return nullptr;
    return std::make_unique<CheckpointHooks>(checkpoints.back());
  }
  // Never destroyed: its destructor waits for threads that may be gone when a process ends.
  static Engine& instance() {
    static auto* const engine = new GraphEngine();
    return *engine;
  }
};

// A function of JavaScript's in the graph.
class ScriptNode : public Node {
 public:
  ScriptNode(std::string name, const Napi::Function& backward, const variable_list& inputs)
      : Node(torch::autograd::collect_next_edges(inputs)), name_(std::move(name)), backward_(backward) {}

  std::string name() const override { return name_; }
  void release_variables() override {
    released_ = released_ || !saved_.empty();
    saved_.clear();
  }
  void save(const at::Tensor& tensor, bool isOutput) { saved_.emplace_back(tensor, isOutput); }

  variable_list apply(variable_list&& gradients) override {
    if (released_) throw std::runtime_error(torch::autograd::ERR_BACKWARD_TWICE);
    variable_list given = std::move(gradients);
    for (size_t i = 0; i < given.size(); i++)
      if (!given[i].defined()) given[i] = input_metadata(i).zeros_like();
    for (const auto& saved : saved_) given.push_back(saved.unpack(self<Node>(this, kCounting)));
    return backward_(given);
  }

 private:
  const std::string name_;
  const ScriptFunction backward_;
  std::vector<SavedVariable> saved_;
  bool released_ = false;
};

}  // namespace

void installEngine() { torch::autograd::set_default_engine_stub(GraphEngine::instance); }

// registerHook(handle, function) -> its position. The function returns another gradient, or 0 to leave it.
EXPORT(double, registerHook) {
  auto function = std::make_shared<ScriptFunction>(info[1].As<Napi::Function>());
  return tensorAt(info, 0).register_hook([function](const at::Tensor& grad) { return (*function)({grad}).at(0); });
}

// removeHook(handle, position).
EXPORT(void, removeHook) { tensorAt(info, 0).remove_hook(info[1].As<Napi::Number>().Uint32Value()); }

// recordFunction(name, function): the tape holds lists of inputs, outputs, tensors to save, then the outputs as
// made by a node. Its backward `function` maps their gradients and the saved tensors to the inputs' gradients.
EXPORT(void, recordFunction) {
  State& state = stateOf(info.Env());
  Tape tape = state.tape();
  const auto inputs = readTensors(state, tape);
  auto outputs = readTensors(state, tape);
  const auto saved = readTensors(state, tape);
  auto* const made = new ScriptNode(info[0].As<Napi::String>(), info[1].As<Napi::Function>(), inputs);
  const NodePtr node = owner<Node>(made, kCounting);
  const auto given = outputs;
  for (auto& output : outputs) {
    output = output.detach();  // an input that is returned as it came keeps its own history
    torch::autograd::create_gradient_edge(output, node);
  }
  for (const auto& tensor : saved) {
    size_t i = 0;
    while (i < given.size() && !given[i].is_same(tensor)) i++;
    made->save(i < given.size() ? outputs[i] : tensor, i < given.size());
  }
  writeTensors(state, outputs);
}

// checkpoint(work, recompute) -> what work returns. What LibTorch saves for backward in it is
// dropped; backward calls `recompute` with the tensors on the tape to have it saved again.
EXPORT(Napi::Value, checkpoint) {
  Tape tape = stateOf(info.Env()).tape();
  const auto inputs = readTensors(stateOf(info.Env()), tape);
  const WithCheckpoint entered(std::make_shared<Checkpoint>(info[1].As<Napi::Function>(), inputs));
  return info[0].As<Napi::Function>().Call({});
}

// setAnomaly(enabled, checkNan): of the whole process, as LibTorch has it.
EXPORT(void, setAnomaly) {
  torch::autograd::AnomalyMode::set_enabled(info[0].As<Napi::Boolean>(), info[1].As<Napi::Boolean>());
}

// noteCaller(number): stands for where operations from now on are called from.
EXPORT(void, noteCaller) { caller = {stateOf(info.Env()).thread, info[0].As<Napi::Number>().Uint32Value()}; }

// takeBlame() -> the number of the operation whose backward failed last under anomaly detection, or 0.
EXPORT(double, takeBlame) { return stateOf(info.Env()).thread->blamed.exchange(0); }

}  // namespace normfree
