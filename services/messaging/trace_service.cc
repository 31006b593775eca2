#include "services/messaging/trace_service.h"

#include "libs/base/status.h"
#include "libs/rpc/call.h"

namespace chat::messaging {

grpc::Status TraceService::Find(grpc::ServerContext* context, const v1::FindMessageRequest* request,
                                v1::FindMessageReply* reply) {
  return rpc::Serve(context, "MessageTraceInternal/Find",
                    [&](const rpc::Call& call) -> absl::Status {
                      if (request->which_case() == v1::FindMessageRequest::WHICH_NOT_SET) {
                        return absl::InvalidArgumentError("FindMessageRequest: id or msg_id");
                      }
                      CHAT_ASSIGN_OR_RETURN(*reply, store_.Find(call.deadline, *request));
                      return absl::OkStatus();
                    });
}

}  // namespace chat::messaging
