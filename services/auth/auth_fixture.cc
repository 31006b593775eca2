#include "services/auth/auth_fixture.h"

#include <grpcpp/server_builder.h>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"

namespace chat::auth {
namespace {

std::unique_ptr<grpc::Server> Start(std::initializer_list<grpc::Service*> services) {
  grpc::ServerBuilder builder;
  for (grpc::Service* service : services) builder.RegisterService(service);
  return builder.BuildAndStart();
}

rpc::Call CallOf(const v1::Caller& caller) {
  rpc::Call call = rpc::Background(std::chrono::seconds(20));
  call.caller = caller;
  return call;
}

}  // namespace

absl::Status RecordingProvider::Carry(const Sent& letter) {
  std::lock_guard lock(mutex_);
  if (with_.ok()) sent_.push_back(letter);
  return with_;
}

std::vector<RecordingProvider::Sent> RecordingProvider::sent() const {
  std::lock_guard lock(mutex_);
  return sent_;
}

grpc::Status RecordingFeeds::EndSessions(grpc::ServerContext*,
                                         const v1::EndSessionsRequest* request,
                                         v1::EndSessionsReply*) {
  std::lock_guard lock(mutex_);
  if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  ended_.push_back(*request);
  return grpc::Status::OK;
}

std::vector<v1::EndSessionsRequest> RecordingFeeds::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

void RecordingFeeds::SetAway(bool away) {
  std::lock_guard lock(mutex_);
  away_ = away;
}

grpc::Status MapProfile::EnsureAccount(grpc::ServerContext*,
                                       const v1::EnsureAccountRequest* request,
                                       v1::AccountReply* reply) {
  std::lock_guard lock(mutex_);
  if (ensure_broken_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  auto at = accounts_.emplace(request->phone(), static_cast<int64_t>(accounts_.size()) + 1).first;
  reply->set_account_id(at->second);
  return grpc::Status::OK;
}

grpc::Status MapProfile::Open(grpc::ServerContext*, const v1::OpenProfileRequest* request,
                              v1::AccountReply* reply) {
  std::lock_guard lock(mutex_);
  if (open_broken_) return {grpc::StatusCode::UNAVAILABLE, "away"};
  for (const auto& [phone, id] : accounts_) {
    if (id != request->account_id()) continue;
    reply->set_account_id(id);
    reply->mutable_profile()->set_phone(phone);
    reply->mutable_profile()->set_status(v1::Profile::INIT);
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::NOT_FOUND, "no such account"};
}

void MapProfile::Break(bool ensure, bool open) {
  std::lock_guard lock(mutex_);
  ensure_broken_ = ensure;
  open_broken_ = open;
}

size_t MapProfile::accounts() const {
  std::lock_guard lock(mutex_);
  return accounts_.size();
}

void ExpectRefused(const grpc::Status& status, v1::ErrorCode code) {
  std::optional<v1::ErrorCode> refusal = rpc::RefusalOf(rpc::FromGrpc(status));
  ASSERT_TRUE(refusal) << status.error_code() << " " << status.error_message();
  EXPECT_EQ(v1::ErrorCode_Name(*refusal), v1::ErrorCode_Name(code));
}

AuthFixture::AuthFixture(const std::function<void(AuthConfig&)>& change) {
  config_.pg_url = database_.url();
  config_.profile_addrs = {"in process"};
  config_.messaging_addrs = {"in process"};
  config_.outbox_dir = "unused";
  if (change) change(config_);
  absl::Status checked = config_.Check();
  EXPECT_TRUE(checked.ok()) << Message(checked);
  profile_server_ = Start({&profile_, &feeds_});
  profile_stub_ = v1::ProfileInternal::NewStub(profile_server_->InProcessChannel({}));
  feeds_stub_ = v1::FeedsInternal::NewStub(profile_server_->InProcessChannel({}));
  courier_ = std::make_unique<courier::Courier>(
      provider_, courier::CourierLimits{.attempts = 2, .backoff_ms = 1, .wait_ms = 20'000});
  sender_ = std::make_unique<CodeSender>(*courier_, config_);
  codes_ = std::make_unique<PgCodeStore>(
      database_.pool(), CodeRates{config_.rate_phone_per_hour, config_.rate_address_per_minute},
      config_.token_life_s);
  sessions_ = std::make_unique<PgSessionStore>(
      database_.pool(),
      TokenLife{config_.token_life_s, config_.renew_window_s, config_.code_life_s});
  registrar_ = std::make_unique<Registrar>(*codes_, *sender_, *profile_stub_, config_);
  devices_ = std::make_unique<DeviceSessions>(*sessions_, *feeds_stub_);
  service_ = std::make_unique<AuthService>(*registrar_, *devices_);
  internal_ = std::make_unique<AuthInternalService>(*sessions_, *codes_, *sender_);
  server_ = Start({service_.get(), internal_.get()});
  stub_ = v1::AuthService::NewStub(server_->InProcessChannel({}));
  internal_stub_ = v1::AuthInternal::NewStub(server_->InProcessChannel({}));
}

AuthFixture::~AuthFixture() {
  server_->Shutdown();
  profile_server_->Shutdown();
}

v1::Caller AuthFixture::Registering(const std::string& client_id) {
  v1::Caller caller;
  caller.set_state(rules::REGISTERING);
  caller.set_client_id(client_id);
  caller.set_address("192.0.2.1");
  return caller;
}

v1::Caller AuthFixture::Device(const std::string& client_id, int64_t account_id,
                               const std::string& phone, const std::string& token) {
  v1::Caller caller;
  caller.set_state(rules::AUTHENTICATED);
  caller.set_client_id(client_id);
  caller.set_account_id(account_id);
  caller.set_phone(phone);
  caller.set_token(token);
  caller.add_rosters()->set_phone_id(phone + "_12");
  return caller;
}

grpc::Status AuthFixture::Call(Method method, const v1::Caller& caller, const v1::Auth& auth,
                               v1::Reply* reply) {
  grpc::ClientContext context;
  rpc::ToClientContext(CallOf(caller), &context);
  v1::Reply unread;
  return (*stub_.*method)(&context, auth, reply == nullptr ? &unread : reply);
}

grpc::Status AuthFixture::Init(const v1::Caller& caller, const std::string& token,
                               v1::Reply* reply) {
  grpc::ClientContext context;
  rpc::ToClientContext(CallOf(caller), &context);
  v1::Init init;
  init.set_token(token);
  return stub_->Init(&context, init, reply);
}

v1::ConnectReply AuthFixture::Connect(const std::string& client_id,
                                      const std::optional<std::string>& password) {
  grpc::ClientContext context;
  v1::ConnectRequest request;
  request.set_client_id(client_id);
  request.set_has_password(password.has_value());
  if (password) request.set_password(*password);
  v1::ConnectReply reply;
  grpc::Status status = internal_stub_->Connect(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return reply;
}

v1::Auth AuthFixture::Reg(const std::string& phone) {
  v1::Auth auth;
  auth.set_phone(phone);
  auth.set_dev_key("DevKey");
  auth.set_os("android");
  return auth;
}

v1::Auth AuthFixture::Code(const std::string& code) {
  v1::Auth auth;
  auth.set_sms_code(code);
  return auth;
}

AuthFixture::Login AuthFixture::LogIn(const std::string& registering_id, const std::string& phone) {
  grpc::Status registered = Call(&Stub::Reg, Registering(registering_id), Reg(phone));
  EXPECT_TRUE(registered.ok()) << registered.error_message();
  v1::Reply reply;
  grpc::Status verified =
      Call(&Stub::Verify, Registering(registering_id), Code(provider_.last().code), &reply);
  EXPECT_TRUE(verified.ok()) << verified.error_message();
  Login login = LoginOf(reply);
  v1::ConnectReply connected = Connect(login.client_id, login.token);
  EXPECT_EQ(connected.verdict(), v1::ConnectReply::AUTHENTICATED);
  login.account_id = connected.account_id();
  return login;
}

AuthFixture::Login AuthFixture::LoginOf(const v1::Reply& reply) {
  if (reply.records_size() == 0) return {};
  const v1::Io& io = reply.records(0).io();
  EXPECT_EQ(io.ok2().atom(), "login");
  EXPECT_TRUE(io.has_nothing());
  return {io.ok2().pair().first(), io.ok2().pair().second()};
}

}  // namespace chat::auth
