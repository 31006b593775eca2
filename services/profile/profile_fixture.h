// For tests: chat-profile over gRPC on a real PostgreSQL, with peers that remember what they were
// told and fail when asked to. Needs CHAT_TEST_PG (a superuser's postgresql://…).
#pragma once

#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "libs/pg/test_database.h"
#include "libs/rpc/refusal.h"
#include "services/profile/directory.h"
#include "services/profile/migrations.h"
#include "services/profile/person_service.h"
#include "services/profile/pg_life_store.h"
#include "services/profile/pg_link_store.h"
#include "services/profile/pg_profile_store.h"
#include "services/profile/profile_internal_service.h"
#include "services/profile/profile_service.h"
#include "services/profile/sweeper.h"

namespace chat::profile {

// What the peers were asked, in order, e.g. "roster.RemoveAccount 3"; and which calls fail.
class Journal {
 public:
  // Adds a line, unless calls of this method fail; `method` is the first word of `line`.
  grpc::Status Note(const std::string& line);
  void Break(const std::string& method, bool broken = true);
  std::vector<std::string> Take();

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::set<std::string> broken_;
};

// One roster an account; its id is ten times the account's.
class MapRoster final : public v1::RosterInternal::Service {
 public:
  explicit MapRoster(Journal& journal) : journal_(journal) {}
  grpc::Status EnsureRoster(grpc::ServerContext*, const v1::EnsureRosterRequest* request,
                            v1::RostersReply* reply) override;
  grpc::Status Rosters(grpc::ServerContext*, const v1::RostersRequest* request,
                       v1::RostersReply* reply) override;
  grpc::Status Announce(grpc::ServerContext*, const v1::AnnounceRequest* request,
                        v1::AnnounceReply*) override;
  grpc::Status PutAccount(grpc::ServerContext*, const v1::PutAccountRequest* request,
                          v1::PutAccountReply*) override;
  grpc::Status RenameAccount(grpc::ServerContext*, const v1::RenameAccountRequest* request,
                             v1::RostersReply* reply) override;
  grpc::Status RemoveAccount(grpc::ServerContext*, const v1::RemoveAccountRequest* request,
                             v1::RemoveAccountReply*) override;

 private:
  void Fill(int64_t account_id, v1::RostersReply* reply);

  Journal& journal_;
  std::mutex mutex_;
  std::map<int64_t, std::string> phones_;
};

class RecordingFeeds final : public v1::FeedsInternal::Service {
 public:
  explicit RecordingFeeds(Journal& journal) : journal_(journal) {}
  grpc::Status EndSessions(grpc::ServerContext*, const v1::EndSessionsRequest* request,
                           v1::EndSessionsReply*) override;

 private:
  Journal& journal_;
};

class RecordingAuth final : public v1::AuthInternal::Service {
 public:
  explicit RecordingAuth(Journal& journal) : journal_(journal) {}
  grpc::Status SendCode(grpc::ServerContext*, const v1::SendCodeRequest* request,
                        v1::SendCodeReply* reply) override;
  grpc::Status RenameAccount(grpc::ServerContext*, const v1::RenameAuthRequest* request,
                             v1::RenameAuthReply*) override;
  grpc::Status RemoveAccount(grpc::ServerContext*, const v1::RemoveAuthRequest* request,
                             v1::RemoveAuthReply*) override;
  std::string last_code() const;
  // Further codes are refused with this code; ERROR_CODE_UNSET: not.
  void Refuse(v1::ErrorCode code);

 private:
  Journal& journal_;
  mutable std::mutex mutex_;
  std::string last_code_;
  v1::ErrorCode refusal_ = v1::ERROR_CODE_UNSET;
};

class RecordingCarrier final : public courier::Carrier {
 public:
  absl::Status Carry(const courier::Letter& letter) override;
  std::vector<courier::Letter> letters() const;
  void Break(absl::Status with);

 private:
  mutable std::mutex mutex_;
  std::vector<courier::Letter> letters_;
  absl::Status with_;
};

void ExpectRefused(const absl::Status& status, v1::ErrorCode code);

class ProfileFixture : public testing::Test {
 protected:
  using Stub = v1::ProfileService::Stub;
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const v1::Profile&, v1::Reply*);

  ProfileFixture();
  ~ProfileFixture() override;

  absl::Status Ensure(const std::string& phone, v1::AccountReply* reply);
  absl::Status Open(int64_t account_id, v1::AccountReply* reply);
  // A call of the phone's device; the account is made when missing.
  rpc::Call As(const std::string& phone);
  // The RPC's reply in *reply.
  absl::Status Ask(const rpc::Call& call, Method method, const v1::Profile& request,
                   v1::Reply* reply);
  absl::Status Ask(const rpc::Call& call, Method method, const v1::Profile& request);
  // Profile{services=[Service{type, login, password}]}.
  static v1::Profile WithService(const std::string& type, const std::string& login,
                                 const std::string& password = "");
  // As if this had passed since everything happened.
  void Pass(const std::string& interval);

  pg::TestDatabase database_{"profile", kMigrations};
  Journal journal_;
  MapRoster roster_{journal_};
  RecordingFeeds feeds_{journal_};
  RecordingAuth auth_{journal_};
  RecordingCarrier mail_;

 private:
  std::unique_ptr<grpc::Server> peers_;
  std::unique_ptr<v1::RosterInternal::Stub> roster_stub_;
  std::unique_ptr<v1::FeedsInternal::Stub> feeds_stub_;
  std::unique_ptr<v1::AuthInternal::Stub> auth_stub_;
  std::unique_ptr<pg::Outbox> outbox_;
  std::unique_ptr<courier::Courier> courier_;
  std::unique_ptr<PgProfileStore> store_;
  std::unique_ptr<PgLinkStore> links_;
  std::unique_ptr<PgLifeStore> lives_;
  std::unique_ptr<Profiles> profiles_;
  std::unique_ptr<MailLinks> mail_links_;
  std::unique_ptr<Removals> removals_;
  std::unique_ptr<PhoneMoves> moves_;
  std::unique_ptr<ProfileService> service_;
  std::unique_ptr<PersonService> persons_;
  std::unique_ptr<ProfileInternalService> internal_;
  std::unique_ptr<grpc::Server> server_;

 protected:
  std::unique_ptr<Sweeper> sweeper_;  // never by itself: call Sweep()
  std::unique_ptr<v1::ProfileService::Stub> profile_;
  std::unique_ptr<v1::PersonService::Stub> person_;
  std::unique_ptr<v1::ProfileInternal::Stub> inside_;
};

}  // namespace chat::profile
