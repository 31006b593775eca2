#include "services/messaging/feeds_internal_service.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "services/messaging/render.h"

namespace chat::messaging {

grpc::Status FeedsInternalService::Apply(grpc::ServerContext* context,
                                         const v1::ApplyRequest* request, v1::ApplyReply*) {
  return rpc::Serve(context, "FeedsInternal/Apply", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(Announcement announcement, projections_.Apply(call.deadline, *request));
    for (Announced& announced : announcement.events) announced.event.set_trace(call.trace);
    sink_.Publish(std::move(announcement));
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::Views(grpc::ServerContext* context,
                                         const v1::ViewsRequest* request, v1::ViewsReply* reply) {
  return rpc::Serve(context, "FeedsInternal/Views", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(std::vector<PgHistoryStore::View> views,
                          history_.Views(call.deadline, RosterId{request->roster_id()},
                                         {request->peers().begin(), request->peers().end()}));
    for (const PgHistoryStore::View& view : views) {
      v1::FeedView& out = *reply->add_views();
      out.set_reader(view.reader);
      out.set_unread(view.unread);
      if (view.last) *out.mutable_last() = RenderMessage(*view.last);
    }
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::Access(grpc::ServerContext* context,
                                          const v1::FeedAccessRequest* request,
                                          v1::FeedAccessReply* reply) {
  return rpc::Serve(context, "FeedsInternal/Access", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(
        PgProjectionStore::Access access,
        projections_.AccessTo(call.deadline, AccountId{request->account_id()}, request->topic()));
    reply->set_read(access.read);
    reply->set_write(access.write);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
