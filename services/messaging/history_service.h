// History/get, History/update and Cursor/ (PROTOCOL 5.6.4 to 5.6.6).
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "services/messaging/announcement_sink.h"
#include "services/messaging/object_links.h"
#include "services/messaging/pg_history_store.h"
#include "services/messaging/receipts.h"

namespace chat::messaging {

class HistoryService : public v1::HistoryService::Service {
 public:
  // All outlive the service.
  HistoryService(PgHistoryStore& store, AnnouncementSink& sink, Receipts& receipts,
                 const ObjectLinks& links)
      : store_(store), sink_(sink), receipts_(receipts), links_(links) {}
  grpc::Status Get(grpc::ServerContext* context, const v1::History* request,
                   v1::Reply* reply) override;
  grpc::Status Update(grpc::ServerContext* context, const v1::History* request,
                      v1::Reply* reply) override;

 private:
  PgHistoryStore& store_;
  AnnouncementSink& sink_;
  Receipts& receipts_;
  const ObjectLinks& links_;
};

class CursorService : public v1::CursorService::Service {
 public:
  CursorService(PgHistoryStore& store, AnnouncementSink& sink, Receipts& receipts)
      : store_(store), sink_(sink), receipts_(receipts) {}
  grpc::Status Update(grpc::ServerContext* context, const v1::Cursor* request,
                      v1::Reply* reply) override;

 private:
  PgHistoryStore& store_;
  AnnouncementSink& sink_;
  Receipts& receipts_;
};

}  // namespace chat::messaging
