#include "services/profile/profile_fixture.h"

#include <grpcpp/server_builder.h>

namespace chat::profile {

grpc::Status Journal::Note(const std::string& line) {
  std::lock_guard lock(mutex_);
  if (broken_.contains(line.substr(0, line.find(' ')))) {
    return {grpc::StatusCode::UNAVAILABLE, "away"};
  }
  lines_.push_back(line);
  return grpc::Status::OK;
}

void Journal::Break(const std::string& method, bool broken) {
  std::lock_guard lock(mutex_);
  if (broken) {
    broken_.insert(method);
  } else {
    broken_.erase(method);
  }
}

std::vector<std::string> Journal::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(lines_, {});
}

void MapRoster::Fill(int64_t account_id, v1::RostersReply* reply) {
  const int64_t id = account_id * 10;
  reply->add_own()->set_id(id);
  reply->mutable_own(0)->set_phone_id(phones_[account_id] + "_" + std::to_string(id));
  reply->add_rosters()->set_id(id);
  reply->mutable_rosters(0)->set_phone(phones_[account_id]);
}

grpc::Status MapRoster::EnsureRoster(grpc::ServerContext*, const v1::EnsureRosterRequest* request,
                                     v1::RostersReply* reply) {
  grpc::Status noted =
      journal_.Note("roster.EnsureRoster " + std::to_string(request->account_id()));
  if (!noted.ok()) return noted;
  std::lock_guard lock(mutex_);
  phones_[request->account_id()] = request->phone();
  Fill(request->account_id(), reply);
  return grpc::Status::OK;
}

grpc::Status MapRoster::Rosters(grpc::ServerContext*, const v1::RostersRequest* request,
                                v1::RostersReply* reply) {
  grpc::Status noted = journal_.Note("roster.Rosters " + std::to_string(request->account_id()));
  if (!noted.ok()) return noted;
  std::lock_guard lock(mutex_);
  if (phones_.contains(request->account_id())) Fill(request->account_id(), reply);
  return grpc::Status::OK;
}

grpc::Status MapRoster::Announce(grpc::ServerContext*, const v1::AnnounceRequest* request,
                                 v1::AnnounceReply*) {
  return journal_.Note("roster.Announce " + std::to_string(request->account_id()));
}

grpc::Status MapRoster::PutAccount(grpc::ServerContext*, const v1::PutAccountRequest* request,
                                   v1::PutAccountReply*) {
  std::string line = "roster.PutAccount " + std::to_string(request->account_id()) + " v" +
                     std::to_string(request->version()) + " " +
                     v1::PutAccountRequest::Search_Name(request->search());
  for (const std::string& email : request->emails()) line += " " + email;
  return journal_.Note(line);
}

grpc::Status MapRoster::RenameAccount(grpc::ServerContext*, const v1::RenameAccountRequest* request,
                                      v1::RostersReply* reply) {
  grpc::Status noted = journal_.Note(
      "roster.RenameAccount " + std::to_string(request->account_id()) + " " + request->phone());
  if (!noted.ok()) return noted;
  std::lock_guard lock(mutex_);
  phones_[request->account_id()] = request->phone();
  Fill(request->account_id(), reply);
  return grpc::Status::OK;
}

grpc::Status MapRoster::RemoveAccount(grpc::ServerContext*, const v1::RemoveAccountRequest* request,
                                      v1::RemoveAccountReply*) {
  grpc::Status noted =
      journal_.Note("roster.RemoveAccount " + std::to_string(request->account_id()));
  if (!noted.ok()) return noted;
  std::lock_guard lock(mutex_);
  phones_.erase(request->account_id());
  return grpc::Status::OK;
}

grpc::Status RecordingFeeds::EndSessions(grpc::ServerContext*,
                                         const v1::EndSessionsRequest* request,
                                         v1::EndSessionsReply*) {
  const v1::Profile& profile = request->record().profile();
  return journal_.Note("feeds.EndSessions " + std::to_string(request->account_id()) + " " +
                       profile.phone() + " " + v1::Profile::Status_Name(profile.status()) +
                       request->client_id());
}

grpc::Status RecordingAuth::SendCode(grpc::ServerContext*, const v1::SendCodeRequest* request,
                                     v1::SendCodeReply* reply) {
  std::lock_guard lock(mutex_);
  if (refusal_ != v1::ERROR_CODE_UNSET) return rpc::ToGrpc(rpc::Refuse(refusal_, "as told"));
  grpc::Status noted =
      journal_.Note("auth.SendCode " + request->phone() + " from " + request->address());
  if (!noted.ok()) return noted;
  last_code_ = request->code();
  reply->set_code(last_code_);
  return grpc::Status::OK;
}

grpc::Status RecordingAuth::RenameAccount(grpc::ServerContext*,
                                          const v1::RenameAuthRequest* request,
                                          v1::RenameAuthReply*) {
  return journal_.Note("auth.RenameAccount " + std::to_string(request->account_id()) + " " +
                       request->phone());
}

grpc::Status RecordingAuth::RemoveAccount(grpc::ServerContext*,
                                          const v1::RemoveAuthRequest* request,
                                          v1::RemoveAuthReply*) {
  return journal_.Note("auth.RemoveAccount " + std::to_string(request->account_id()) + " " +
                       request->phone());
}

std::string RecordingAuth::last_code() const {
  std::lock_guard lock(mutex_);
  return last_code_;
}

void RecordingAuth::Refuse(v1::ErrorCode code) {
  std::lock_guard lock(mutex_);
  refusal_ = code;
}

absl::Status RecordingCarrier::Carry(const courier::Letter& letter) {
  std::lock_guard lock(mutex_);
  if (with_.ok()) letters_.push_back(letter);
  return with_;
}

std::vector<courier::Letter> RecordingCarrier::letters() const {
  std::lock_guard lock(mutex_);
  return letters_;
}

void RecordingCarrier::Break(absl::Status with) {
  std::lock_guard lock(mutex_);
  with_ = std::move(with);
}

void ExpectRefused(const absl::Status& status, v1::ErrorCode code) {
  ASSERT_TRUE(rpc::RefusalOf(status)) << status.ToString();
  EXPECT_EQ(v1::ErrorCode_Name(*rpc::RefusalOf(status)), v1::ErrorCode_Name(code));
}

ProfileFixture::ProfileFixture() {
  grpc::ServerBuilder peers;
  peers.RegisterService(&roster_);
  peers.RegisterService(&feeds_);
  peers.RegisterService(&auth_);
  peers_ = peers.BuildAndStart();
  roster_stub_ = v1::RosterInternal::NewStub(peers_->InProcessChannel({}));
  feeds_stub_ = v1::FeedsInternal::NewStub(peers_->InProcessChannel({}));
  auth_stub_ = v1::AuthInternal::NewStub(peers_->InProcessChannel({}));
  pg::Pool& pool = database_.pool();
  outbox_ = std::make_unique<pg::Outbox>(pool, "profile", TellDirectory(*roster_stub_),
                                         std::chrono::milliseconds(20));
  courier_ = std::make_unique<courier::Courier>(
      mail_, courier::CourierLimits{.attempts = 2, .backoff_ms = 1, .wait_ms = 20'000});
  store_ = std::make_unique<PgProfileStore>(pool, *outbox_);
  links_ = std::make_unique<PgLinkStore>(
      pool, *outbox_,
      PgLinkStore::Limits{.rates = {.account_per_hour = 8, .target_per_hour = 4},
                          .life = {.seconds = 3600, .wrong_tries = 5},
                          .addresses = 2});
  lives_ = std::make_unique<PgLifeStore>(pool, CodeLife{.seconds = 900, .wrong_tries = 5});
  profiles_ = std::make_unique<Profiles>(*store_, *roster_stub_);
  mail_links_ = std::make_unique<MailLinks>(*links_, *courier_);
  removals_ = std::make_unique<Removals>(*lives_, *roster_stub_, *feeds_stub_, *auth_stub_);
  moves_ = std::make_unique<PhoneMoves>(*lives_, *links_, *profiles_,
                                        PhoneMoves::Peers{*roster_stub_, *auth_stub_});
  sweeper_ = std::make_unique<Sweeper>(Sweeper::Work{*lives_, *links_, *removals_, *moves_},
                                       std::chrono::hours(1));
  service_ = std::make_unique<ProfileService>(
      ProfileService::Parts{*profiles_, *mail_links_, *removals_, *moves_});
  persons_ = std::make_unique<PersonService>(*store_);
  internal_ = std::make_unique<ProfileInternalService>(*store_, *profiles_, *removals_);
  grpc::ServerBuilder builder;
  builder.RegisterService(service_.get());
  builder.RegisterService(persons_.get());
  builder.RegisterService(internal_.get());
  server_ = builder.BuildAndStart();
  auto channel = server_->InProcessChannel({});
  profile_ = v1::ProfileService::NewStub(channel);
  person_ = v1::PersonService::NewStub(channel);
  inside_ = v1::ProfileInternal::NewStub(channel);
}

ProfileFixture::~ProfileFixture() {
  server_->Shutdown();
  sweeper_.reset();
  outbox_.reset();
  peers_->Shutdown();
}

absl::Status ProfileFixture::Ensure(const std::string& phone, v1::AccountReply* reply) {
  v1::EnsureAccountRequest request;
  request.set_phone(phone);
  return rpc::Invoke(rpc::Background(std::chrono::seconds(20)), *inside_,
                     &v1::ProfileInternal::Stub::EnsureAccount, request, reply);
}

absl::Status ProfileFixture::Open(int64_t account_id, v1::AccountReply* reply) {
  v1::OpenProfileRequest request;
  request.set_account_id(account_id);
  return rpc::Invoke(rpc::Background(std::chrono::seconds(20)), *inside_,
                     &v1::ProfileInternal::Stub::Open, request, reply);
}

rpc::Call ProfileFixture::As(const std::string& phone) {
  v1::AccountReply account;
  EXPECT_TRUE(Ensure(phone, &account).ok());
  rpc::Call call = rpc::Background(std::chrono::seconds(20));
  call.caller.set_account_id(account.account_id());
  call.caller.set_phone(phone);
  call.caller.set_address("192.0.2.1");
  *call.caller.mutable_rosters() = account.rosters();
  journal_.Take();
  return call;
}

absl::Status ProfileFixture::Ask(const rpc::Call& call, Method method, const v1::Profile& request,
                                 v1::Reply* reply) {
  reply->Clear();
  return rpc::Invoke(call, *profile_, method, request, reply, std::chrono::seconds(20));
}

absl::Status ProfileFixture::Ask(const rpc::Call& call, Method method, const v1::Profile& request) {
  v1::Reply unread;
  return Ask(call, method, request, &unread);
}

v1::Profile ProfileFixture::WithService(const std::string& type, const std::string& login,
                                        const std::string& password) {
  v1::Profile profile;
  v1::Service* service = profile.add_services();
  service->set_type(type);
  service->set_login(login);
  if (!password.empty()) service->set_password(password);
  return profile;
}

void ProfileFixture::Pass(const std::string& interval) {
  const std::string ago = " - interval '" + interval + "'";
  database_.Exec("UPDATE profile.link SET made = made" + ago);
  database_.Exec("UPDATE profile.move SET made = made" + ago);
  database_.Exec("UPDATE profile.rename SET begun = begun" + ago);
  database_.Exec("UPDATE profile.code_sent SET sent_at = sent_at" + ago);
  database_.Exec("UPDATE profile.account SET removing = removing" + ago + ", updated = updated" +
                 ago);
}

}  // namespace chat::profile
