#include "services/media/media_service.h"

#include "libs/base/status.h"

namespace chat::media {

grpc::Status MediaService::Transfer(grpc::ServerContext* context, const v1::Ftp* request,
                                    v1::Reply* reply) {
  return rpc::Serve(context, "MediaService/Transfer", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(*reply->add_records()->mutable_ftpack(),
                          transfers_.Handle(call, *request));
    return absl::OkStatus();
  });
}

}  // namespace chat::media
