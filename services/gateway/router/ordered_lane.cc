#include "services/gateway/router/ordered_lane.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/refusal.h"

namespace chat::gateway {

namespace {

using Time = std::chrono::steady_clock::time_point;
using Done = Lane::Done;

// Calls that go into one write at most.
constexpr size_t kBatch = 512;

prometheus::Histogram& BatchSize() {
  static prometheus::Histogram& size =
      metrics::Histogram("chat_gateway_lane_batch_size", "Calls in one write to messaging",
                         {1, 2, 4, 8, 16, 32, 64, 128, 256, 512});
  return size;
}

absl::Status StatusOf(const v1::OrderedReply& reply) {
  if (reply.status() == 0) return absl::OkStatus();
  if (reply.refusal() != v1::ERROR_CODE_UNSET) return rpc::Refuse(reply.refusal(), reply.message());
  return rpc::FromGrpc(
      grpc::Status(static_cast<grpc::StatusCode>(reply.status()), reply.message()));
}

}  // namespace

struct OrderedLane::State {
  struct Pending {
    Time deadline;
    Done done;
  };

  // One stream; owns itself until OnDone. The state outlives it: ~OrderedLane() waits, because the
  // last reference to a channel must not be given up on a thread of gRPC, which the channel joins.
  class Stream : public grpc::ClientBidiReactor<v1::OrderedCalls, v1::OrderedReplies> {
   public:
    explicit Stream(State* state) : state_(state) {
      state_->stub->async()->Calls(&context_, this);
      AddHold();
      StartRead(&replies_);
      StartCall();
    }

    // With the state's mutex.
    void WriteLocked() {
      if (writing_ || broken_ || state_->outgoing.empty()) return;
      calls_.Clear();
      const size_t count = std::min(state_->outgoing.size(), kBatch);
      for (size_t i = 0; i < count; ++i) *calls_.add_calls() = std::move(state_->outgoing[i]);
      state_->outgoing.erase(state_->outgoing.begin(), state_->outgoing.begin() + count);
      BatchSize().Observe(static_cast<double>(count));
      writing_ = true;
      StartWrite(&calls_);
    }

    void Cancel() { context_.TryCancel(); }

    void OnWriteDone(bool ok) override {
      std::lock_guard lock(state_->mutex);
      writing_ = false;
      if (!ok) return BreakLocked();
      WriteLocked();
    }

    void OnReadDone(bool ok) override {
      if (!ok) {
        std::lock_guard lock(state_->mutex);
        return BreakLocked();
      }
      for (v1::OrderedReply& reply : *replies_.mutable_replies()) {
        state_->Answer(reply.call(), StatusOf(reply), std::move(*reply.mutable_reply()));
      }
      StartRead(&replies_);
    }

    void OnDone(const grpc::Status& status) override {
      State* state = state_;
      state->StreamEnded(this, status);
      delete this;
      state->StreamGone();
    }

   private:
    void BreakLocked() {
      if (broken_) return;
      broken_ = true;
      context_.TryCancel();
      RemoveHold();
    }

    State* const state_;
    grpc::ClientContext context_;
    v1::OrderedCalls calls_;
    v1::OrderedReplies replies_;
    bool writing_ = false;
    bool broken_ = false;
  };

  void Answer(uint64_t call, absl::Status status, v1::Reply reply) {
    Done done;
    {
      std::lock_guard lock(mutex);
      auto found = pending.find(call);
      if (found == pending.end()) return;
      done = std::move(found->second.done);
      pending.erase(found);
    }
    done(std::move(status), std::move(reply));
  }

  void StreamEnded(Stream* ended, const grpc::Status& status) {
    std::map<uint64_t, Pending> failed;
    {
      std::lock_guard lock(mutex);
      if (stream == ended) stream = nullptr;
      failed.swap(pending);
      outgoing.clear();
    }
    if (!failed.empty()) {
      log::Warn("ordered lane broke",
                {{"calls", failed.size()}, {"error", status.error_message()}});
    }
    for (auto& [call, waiting] : failed) {
      waiting.done(absl::UnavailableError("the stream to messaging broke"), v1::Reply());
    }
  }

  // The last that a stream does.
  void StreamGone() {
    std::lock_guard lock(mutex);
    if (--streams == 0) all_gone.notify_all();
  }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::OrderedLane::Stub> stub;
  size_t max_calls = 0;
  std::mutex mutex;
  Stream* stream = nullptr;
  size_t streams = 0;  // not yet gone, `stream` among them
  std::condition_variable all_gone;
  std::vector<v1::OrderedCall> outgoing;
  std::map<uint64_t, Pending> pending;
  uint64_t next = 1;
};

OrderedLane::OrderedLane(std::shared_ptr<grpc::Channel> channel, size_t max_calls)
    : state_(std::make_unique<State>()) {
  state_->channel = std::move(channel);
  state_->stub = v1::OrderedLane::NewStub(state_->channel);
  state_->max_calls = max_calls;
  state_->channel->GetState(true);
}

OrderedLane::~OrderedLane() {
  std::unique_lock lock(state_->mutex);
  if (state_->stream != nullptr) state_->stream->Cancel();
  state_->all_gone.wait(lock, [this] { return state_->streams == 0; });
}

void OrderedLane::Call(v1::OrderedCall call, std::chrono::milliseconds timeout, Done done) {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->pending.size() < state_->max_calls) {
      call.set_call(state_->next++);
      call.set_deadline_ms(timeout.count());
      state_->pending[call.call()] = {std::chrono::steady_clock::now() + timeout, std::move(done)};
      state_->outgoing.push_back(std::move(call));
      return;
    }
  }
  done(absl::ResourceExhaustedError("too many calls on the ordered lane"), v1::Reply());
}

void OrderedLane::Flush() {
  std::lock_guard lock(state_->mutex);
  if (state_->outgoing.empty()) return;
  if (state_->stream == nullptr) {
    ++state_->streams;
    state_->stream = new State::Stream(state_.get());
  }
  state_->stream->WriteLocked();
}

void OrderedLane::Expire() {
  std::vector<Done> expired;
  {
    const Time now = std::chrono::steady_clock::now();
    std::lock_guard lock(state_->mutex);
    for (auto it = state_->pending.begin(); it != state_->pending.end();) {
      if (it->second.deadline > now) {
        ++it;
        continue;
      }
      expired.push_back(std::move(it->second.done));
      it = state_->pending.erase(it);
    }
  }
  for (Done& done : expired) {
    done(absl::DeadlineExceededError("no answer from messaging in time"), v1::Reply());
  }
}

size_t OrderedLane::pending() const {
  std::lock_guard lock(state_->mutex);
  return state_->pending.size();
}

bool OrderedLane::healthy() const {
  const grpc_connectivity_state state = state_->channel->GetState(true);
  return state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_IDLE;
}

}  // namespace chat::gateway
