// Tag/create, edit, remove and Star/add, remove (PROTOCOL 5.8). A request without roster id is
// about the oldest own roster.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/roster/favourite_store.h"
#include "services/roster/feeds.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// What both services ask first. Thread safe. The store must outlive it.
class OwnRosters {
 public:
  explicit OwnRosters(RosterStore& store) : store_(store) {}
  // The caller's roster of that phone id, its oldest when the text is empty. Refusal
  // not_authorized.
  absl::StatusOr<RosterRow> Named(const rpc::Call& call, const std::string& phone_id);
  // Until messaging has told the account's devices.
  absl::Status Deliver(const rpc::Call& call);

 private:
  RosterStore& store_;
};

// Thread safe. What it is made of must outlive it.
class TagService final : public v1::TagService::Service {
 public:
  TagService(RosterStore& store, FavouriteStore& favourites)
      : own_(store), favourites_(favourites) {}

  grpc::Status Create(grpc::ServerContext* context, const v1::Tag* request,
                      v1::Reply* reply) override;
  grpc::Status Edit(grpc::ServerContext* context, const v1::Tag* request,
                    v1::Reply* reply) override;
  grpc::Status Remove(grpc::ServerContext* context, const v1::Tag* request,
                      v1::Reply* reply) override;

 private:
  absl::StatusOr<TagKey> Key(const rpc::Call& call, const v1::Tag& request);

  OwnRosters own_;
  FavouriteStore& favourites_;
};

// Thread safe. What it is made of must outlive it.
class StarService final : public v1::StarService::Service {
 public:
  StarService(RosterStore& store, FavouriteStore& favourites, Feeds& feeds)
      : own_(store), favourites_(favourites), feeds_(feeds) {}

  grpc::Status Add(grpc::ServerContext* context, const v1::Star* request,
                   v1::Reply* reply) override;
  grpc::Status Remove(grpc::ServerContext* context, const v1::Star* request,
                      v1::Reply* reply) override;

 private:
  OwnRosters own_;
  FavouriteStore& favourites_;
  Feeds& feeds_;
};

}  // namespace chat::roster
