// History/get and History/update (PROTOCOL 5.6.4, 5.6.5).
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "services/messaging/announcement_sink.h"
#include "services/messaging/pg_history_store.h"

namespace chat::messaging {

class HistoryService : public v1::HistoryService::Service {
 public:
  HistoryService(PgHistoryStore& store, AnnouncementSink& sink) : store_(store), sink_(sink) {}
  grpc::Status Get(grpc::ServerContext* context, const v1::History* request,
                   v1::Reply* reply) override;
  grpc::Status Update(grpc::ServerContext* context, const v1::History* request,
                      v1::Reply* reply) override;

 private:
  PgHistoryStore& store_;
  AnnouncementSink& sink_;
};

}  // namespace chat::messaging
