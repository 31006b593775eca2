// For tests: the roster services on a database of their own, with a messaging that records what it
// is told and a presence that is set by hand. Needs CHAT_TEST_PG (a superuser's postgresql://…).
#pragma once

#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/refusal.h"
#include "services/roster/favourite_service.h"
#include "services/roster/feeds.h"
#include "services/roster/friend_service.h"
#include "services/roster/herald.h"
#include "services/roster/loc_service.h"
#include "services/roster/pg_account_store.h"
#include "services/roster/pg_audience.h"
#include "services/roster/pg_directory.h"
#include "services/roster/pg_favourite_store.h"
#include "services/roster/pg_roster_store.h"
#include "services/roster/presence.h"
#include "services/roster/roster_contacts.h"
#include "services/roster/roster_internal.h"
#include "services/roster/roster_reader.h"
#include "services/roster/roster_service.h"
#include "services/roster/search_service.h"
#include "services/roster/transient.h"

namespace chat::roster {

// Messaging's side. Thread safe.
class RecordingMessaging final : public v1::FeedsInternal::Service {
 public:
  grpc::Status Apply(grpc::ServerContext*, const v1::ApplyRequest* request,
                     v1::ApplyReply*) override;
  // Reader is the peer's roster id, unread 3, last message "last".
  grpc::Status Views(grpc::ServerContext*, const v1::ViewsRequest* request,
                     v1::ViewsReply* reply) override;

  // Messages 1 to 999 are readable by everybody; "message <id>". ReadMany answers two ids a call.
  grpc::Status Read(grpc::ServerContext*, const v1::ReadRequest* request,
                    v1::Message* reply) override;
  grpc::Status ReadMany(grpc::ServerContext*, const v1::ReadManyRequest* request,
                        v1::ReadManyReply* reply) override;

  void SetAway(bool away);
  // What was applied since the last Take, each sequence once, in order of arrival.
  std::vector<v1::Change> Take();

 private:
  std::mutex mutex_;
  bool away_ = false;
  std::set<int64_t> seen_;
  std::vector<v1::Change> changes_;
};

// chat-room's side. Thread safe.
class RecordingRooms final : public v1::RoomInternal::Service {
 public:
  grpc::Status Rooms(grpc::ServerContext*, const v1::RoomsRequest* request,
                     v1::RoomsReply* reply) override;
  grpc::Status CoMembers(grpc::ServerContext*, const v1::CoMembersRequest* request,
                         v1::CoMembersReply* reply) override;
  grpc::Status RemoveRosters(grpc::ServerContext*, const v1::RemoveRostersRequest* request,
                             v1::RemoveRostersReply*) override;
  // Answers with a room called as what was asked for, exactly or "like …".
  grpc::Status Find(grpc::ServerContext*, const v1::FindRoomsRequest* request,
                    v1::RoomsReply* reply) override;

  void SetAway(bool away);
  // One room, of everybody in `rosters`, with this id and time of change.
  void SetRoom(const std::string& id, int64_t update_ms, std::vector<RosterId> rosters);
  // Roster ids that left their rooms, since the last call.
  std::vector<int64_t> TakeRemoved();

 private:
  std::mutex mutex_;
  bool away_ = false;
  std::vector<int64_t> removed_;
  v1::Room room_;
  std::set<int64_t> members_;
};

// What would go through Redis. Thread safe.
class RecordingRedis {
 public:
  Transient::Publish Function();
  // Waits until `count` publications have come since the last call and takes all: "channel: topic
  // …", sorted.
  std::vector<std::string> Take(size_t count);

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> lines_;
};

class SetPresence : public Presence {
 public:
  std::vector<bool> Online(std::span<const AccountId> accounts) override;
  ByGateway Holders(std::span<const AccountId> accounts) override;
  std::vector<AccountId> TakeEnded(int limit) override;

  // Live at gateway-1, or at this one as well.
  void Set(AccountId account, const std::string& gateway = "gateway-1");
  // Its leases have ended.
  void End(AccountId account);

 private:
  std::mutex mutex_;
  std::map<AccountId, std::set<std::string>> online_;
  std::vector<AccountId> ended_;
};

// An account with one roster.
struct Person {
  AccountId account;
  RosterId roster;
  std::string phone, phone_id;
};

class RosterFixture : public testing::Test {
 protected:
  static constexpr int64_t kRequestsPerDay = 4;
  static constexpr int64_t kContactsPerRoster = 3;
  static constexpr SearchLimits kSearchLimits = {8, 2000};
  static constexpr int64_t kRostersPerPhone = 3;
  static constexpr FavouriteLimits kFavouriteLimits = {2, 3};

  static std::string DatabaseUrl();
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  RosterFixture();
  ~RosterFixture() override;

  static Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }
  // A new account; names and email are derived from `name`.
  Person Join(const std::string& name);
  // Makes them friends and forgets what messaging was told.
  void Befriend(const Person& a, const Person& b);

  // Calls an RPC as `who`; the reply goes to *reply.
  template <typename Service, typename Request, typename Response>
  absl::Status As(const Person& who,
                  grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
                  Service& stub, const Request& request, Response* reply,
                  const v1::Packet* packet = nullptr) {
    rpc::Call call = rpc::Background(std::chrono::seconds(10));
    call.caller.set_account_id(who.account.value);
    call.caller.set_client_id("emqttd_" + who.phone);
    call.caller.set_phone(who.phone);
    if (packet != nullptr) *call.caller.mutable_packet() = *packet;
    reply->Clear();
    return rpc::Invoke(call, stub, method, request, reply, std::chrono::seconds(10));
  }
  // Friend/<verb> by `who` towards `whom`; the io of the reply, empty when there is none.
  absl::Status Friend(Verb verb, const Person& who, const std::string& whom, v1::Io* io,
                      const v1::Packet* packet = nullptr);
  absl::Status Friend(Verb verb, const Person& who, const Person& whom);
  // "status of the contact" in the roster of `who`; "" when it is not listed.
  std::string Entry(const Person& who, const Person& whom);

  RecordingMessaging messaging_;
  RecordingRooms rooms_;
  RecordingRedis redis_;
  SetPresence presence_;
  std::unique_ptr<grpc::Server> messaging_server_;
  std::unique_ptr<grpc::Server> room_server_;
  std::unique_ptr<Rooms> rooms_client_;
  std::unique_ptr<Feeds> feeds_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<pg::Outbox> outbox_;
  std::unique_ptr<PgRosterStore> store_;
  std::unique_ptr<PgAccountStore> accounts_;
  std::unique_ptr<PgFavouriteStore> favourites_;
  std::unique_ptr<PgAudience> audience_;
  std::unique_ptr<Transient> transient_;
  std::unique_ptr<Herald> herald_;
  std::unique_ptr<PgDirectory> directory_;
  std::unique_ptr<RosterReader> reader_;
  std::unique_ptr<RosterContacts> contacts_;
  std::unique_ptr<RosterService> roster_service_;
  std::unique_ptr<FriendService> friend_service_;
  std::unique_ptr<SearchService> search_service_;
  std::unique_ptr<TagService> tag_service_;
  std::unique_ptr<StarService> star_service_;
  std::unique_ptr<LocService> loc_service_;
  std::unique_ptr<RosterInternal> internal_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::RosterService::Stub> rosters_;
  std::unique_ptr<v1::FriendService::Stub> friends_;
  std::unique_ptr<v1::SearchService::Stub> searches_;
  std::unique_ptr<v1::TagService::Stub> tags_;
  std::unique_ptr<v1::StarService::Stub> stars_;
  std::unique_ptr<v1::LocService::Stub> locs_;
  std::unique_ptr<v1::RosterInternal::Stub> inside_;
};

// One line for each change, e.g. "feed 3-4 open v1", "to 7: contact <phone id> friend online".
std::vector<std::string> Told(const std::vector<v1::Change>& changes);

}  // namespace chat::roster
