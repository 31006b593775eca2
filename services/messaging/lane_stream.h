// One stream of the ordered lane: its reading, its outstanding calls, its writing.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>

#include "chat/v1/messaging.pb.h"
#include "services/messaging/message_service.h"

namespace chat::messaging {

class OrderedLane;

// Made by OrderedLane and kept by it until gRPC is done with it; callbacks of calls keep it longer.
class LaneStream : public grpc::ServerBidiReactor<v1::OrderedCalls, v1::OrderedReplies>,
                   public std::enable_shared_from_this<LaneStream> {
 public:
  LaneStream(OrderedLane& lane, Sender& sender, size_t max_outstanding);
  void Start();
  void Drain();

  // While it lives, answers given on this thread to whatever streams gather; then each stream
  // writes what it has. Scopes may nest.
  class Together {
   public:
    Together();
    ~Together();
  };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  void Dispatch(const v1::OrderedCall& call);
  void Answer(uint64_t call, const absl::Status& status, v1::Reply reply);
  // Starts what may be started now: a read, a write, the end.
  void Advance(Lock& lock);

  OrderedLane& lane_;
  Sender& sender_;
  const size_t max_outstanding_;
  v1::OrderedCalls in_;     // gRPC's while reading_
  v1::OrderedReplies out_;  // gRPC's while writing_

  std::mutex mutex_;
  size_t outstanding_ = 0;
  v1::OrderedReplies pending_;
  bool reading_ = false;
  bool writing_ = false;
  bool no_more_reads_ = false;
  bool broken_ = false;  // the peer has gone: replies have nowhere to go
  bool draining_ = false;
  bool finished_ = false;
};

}  // namespace chat::messaging
