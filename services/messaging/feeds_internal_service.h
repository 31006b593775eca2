// FeedsInternal: what other owners tell, and what roster and gateway ask about feeds.
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "services/messaging/announcement_sink.h"
#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_projection_store.h"

namespace chat::messaging {

class FeedsInternalService : public v1::FeedsInternal::Service {
 public:
  FeedsInternalService(PgProjectionStore& projections, PgHistoryStore& history,
                       AnnouncementSink& sink)
      : projections_(projections), history_(history), sink_(sink) {}
  grpc::Status Apply(grpc::ServerContext* context, const v1::ApplyRequest* request,
                     v1::ApplyReply* reply) override;
  grpc::Status Views(grpc::ServerContext* context, const v1::ViewsRequest* request,
                     v1::ViewsReply* reply) override;
  grpc::Status Access(grpc::ServerContext* context, const v1::FeedAccessRequest* request,
                      v1::FeedAccessReply* reply) override;

 private:
  PgProjectionStore& projections_;
  PgHistoryStore& history_;
  AnnouncementSink& sink_;
};

}  // namespace chat::messaging
