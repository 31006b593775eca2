// MessageTraceInternal, for `chat trace`.
#pragma once

#include "chat/v1/trace.grpc.pb.h"
#include "services/messaging/pg_trace_store.h"

namespace chat::messaging {

class TraceService final : public v1::MessageTraceInternal::Service {
 public:
  explicit TraceService(PgTraceStore& store) : store_(store) {}
  grpc::Status Find(grpc::ServerContext* context, const v1::FindMessageRequest* request,
                    v1::FindMessageReply* reply) override;

 private:
  PgTraceStore& store_;
};

}  // namespace chat::messaging
