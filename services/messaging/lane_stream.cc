#include "services/messaging/lane_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/ordered_lane.h"

namespace chat::messaging {

namespace {

using std::chrono::steady_clock;

constexpr char kClient[] = "/chat.v1.MessageService/Client";
constexpr char kUpload[] = "/chat.v1.MessageService/Upload";
constexpr int64_t kDefaultDeadlineMs = 10'000;
constexpr int64_t kMaxDeadlineMs = 30'000;

prometheus::Gauge& OutstandingGauge() {
  static prometheus::Gauge& gauge = metrics::Gauge(
      "chat_messaging_lane_outstanding", "Calls of ordered streams that are not answered yet.");
  return gauge;
}

rpc::Call CallOf(const v1::OrderedCall& call, steady_clock::time_point now) {
  rpc::Call out;
  out.caller = call.caller();
  int64_t wait = call.deadline_ms() <= 0 ? kDefaultDeadlineMs : call.deadline_ms();
  out.deadline = now + std::chrono::milliseconds(std::min(wait, kMaxDeadlineMs));
  out.trace = call.caller().trace().empty() ? "-" : call.caller().trace();
  return out;
}

// Of this thread: how many Together live, and whose answers wait for their end.
thread_local int together = 0;
thread_local std::vector<std::shared_ptr<LaneStream>> gathered;

}  // namespace

LaneStream::Together::Together() { ++together; }

LaneStream::Together::~Together() {
  if (--together > 0) return;
  for (const std::shared_ptr<LaneStream>& stream : std::exchange(gathered, {})) {
    Lock lock(stream->mutex_);
    stream->Advance(lock);
  }
}

LaneStream::LaneStream(OrderedLane& lane, Sender& sender, size_t max_outstanding)
    : lane_(lane), sender_(sender), max_outstanding_(max_outstanding) {}

void LaneStream::Start() {
  Lock lock(mutex_);
  Advance(lock);
}

void LaneStream::Drain() {
  Lock lock(mutex_);
  draining_ = true;
  no_more_reads_ = true;
  Advance(lock);
}

void LaneStream::OnReadDone(bool ok) {
  v1::OrderedCalls calls;
  {
    Lock lock(mutex_);
    if (ok) {
      calls.Swap(&in_);
      outstanding_ += static_cast<size_t>(calls.calls_size());
      OutstandingGauge().Increment(calls.calls_size());
    } else {
      no_more_reads_ = true;
    }
  }
  // Outside of the lock, with reading_ still set: no further read may start before all of these
  // have reached the batcher, in order of arrival.
  for (const v1::OrderedCall& call : calls.calls()) Dispatch(call);
  Lock lock(mutex_);
  reading_ = false;
  Advance(lock);
}

void LaneStream::Dispatch(const v1::OrderedCall& ordered) {
  auto begin = steady_clock::now();
  uint64_t id = ordered.call();
  rpc::Call call = CallOf(ordered, begin);
  v1::Message request;
  if (ordered.method() != kClient && ordered.method() != kUpload) {
    return Answer(id, absl::UnimplementedError("no method of the ordered lane"), {});
  }
  if (!request.ParseFromString(ordered.request())) {
    return Answer(id, absl::InvalidArgumentError("OrderedCall.request: not a Message"), {});
  }
  sender_.Client(call, request,
                 [self = shared_from_this(), id, call, begin](absl::StatusOr<v1::Reply> reply) {
                   rpc::Served(call, "OrderedLane/Client", begin, reply.status());
                   self->Answer(id, reply.status(), reply.ok() ? *std::move(reply) : v1::Reply());
                 });
}

void LaneStream::Answer(uint64_t call, const absl::Status& status, v1::Reply reply) {
  grpc::Status wire = rpc::ToGrpc(status);
  Lock lock(mutex_);
  v1::OrderedReply& out = *pending_.add_replies();
  out.set_call(call);
  out.set_status(wire.error_code());
  out.set_message(wire.error_message());
  if (auto refusal = rpc::RefusalOf(status)) out.set_refusal(*refusal);
  if (status.ok()) *out.mutable_reply() = std::move(reply);
  --outstanding_;
  OutstandingGauge().Decrement();
  if (together == 0) return Advance(lock);
  const auto self = shared_from_this();
  if (std::find(gathered.begin(), gathered.end(), self) == gathered.end()) gathered.push_back(self);
}

void LaneStream::Advance(Lock&) {
  if (finished_) return;
  if (broken_) pending_.Clear();
  if (!writing_ && pending_.replies_size() > 0) {
    out_.Clear();
    out_.Swap(&pending_);
    writing_ = true;
    StartWrite(&out_);
  }
  if (!reading_ && !no_more_reads_ && outstanding_ < max_outstanding_) {
    reading_ = true;
    StartRead(&in_);
  }
  if (no_more_reads_ && outstanding_ == 0 && !writing_) {
    finished_ = true;
    Finish(draining_ ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "messaging is shutting down")
                     : grpc::Status::OK);
  }
}

void LaneStream::OnWriteDone(bool ok) {
  Lock lock(mutex_);
  writing_ = false;
  if (!ok) {
    broken_ = true;
    no_more_reads_ = true;
  }
  Advance(lock);
}

void LaneStream::OnDone() {
  std::shared_ptr<LaneStream> self = shared_from_this();
  { Lock lock(mutex_); }  // whoever called Finish() has left Advance()
  lane_.Forget(self);
}

}  // namespace chat::messaging
