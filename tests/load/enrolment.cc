#include "tests/load/enrolment.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "chat/v1/records.pb.h"
#include "libs/client/content.h"
#include "libs/client/request.h"

namespace chat::load {

namespace {

std::string RandomHex(std::mt19937_64& random) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (uint64_t rest = random(), i = 0; i < 16; ++i, rest >>= 4) text += kDigits[rest & 15];
  return text;
}

}  // namespace

void Outbox::Poll() {
  std::ifstream file(path_);
  file.seekg(read_);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    read_ = file.tellg();
    const auto letter = nlohmann::json::parse(line, nullptr, false);
    if (letter.is_object()) codes_[letter.value("to", "")] = letter.value("code", "");
  }
}

std::optional<std::string> Outbox::CodeFor(const std::string& phone) const {
  const auto found = codes_.find(phone);
  if (found == codes_.end()) return std::nullopt;
  return found->second;
}

Enrolment::Enrolment(LinkContext& context, size_t gateway, const Outbox& outbox)
    : context_(context), outbox_(outbox), link_(context, gateway, *this) {
  Begin();
}

void Enrolment::Begin() {
  dev_key_ = "load_" + RandomHex(context_.random);
  client::ConnectOptions options;
  options.client_id = "reg_" + RandomHex(context_.random);
  options.keep_alive_s = 60;
  link_.Open(std::move(options));
}

void Enrolment::Tick(client::Millis now) {
  if (done_) return;
  if (finished_) {
    link_.Close();
    done_ = true;
    return;
  }
  link_.Tick(now);
  if (!awaits_code_) return;
  const auto code = outbox_.CodeFor(account_.phone);
  if (!code) return;
  awaits_code_ = false;
  v1::Auth verify;
  verify.set_phone(account_.phone);
  verify.set_dev_key(dev_key_);
  verify.set_type(v1::Auth::VERIFY);
  verify.set_sms_code(*code);
  Ask(verify);
}

void Enrolment::Ask(const google::protobuf::Message& record) {
  const std::string payload = client::Payload(record);
  (void)link_.Publish({.topic = client::kRequestTopic, .payload = payload});
}

// Each connection has a phone of its own: the code of an earlier one opens nothing.
void Enrolment::OnUp(bool) {
  if (finished_) return;
  std::string digits = std::to_string(context_.random() % 1'000'000'000);
  account_ = {};
  account_.phone = "380" + std::string(9 - digits.size(), '0') + digits;
  awaits_code_ = false;
  v1::Auth request;
  request.set_phone(account_.phone);
  request.set_dev_key(dev_key_);
  request.set_type(v1::Auth::REG);
  request.set_os("web");
  Ask(request);
}

void Enrolment::OnAcknowledged(mqtt::PacketId) {}

void Enrolment::OnMessage(const mqtt::Publish& publish) {
  const auto content = client::ReadContent(publish.payload);
  if (!content.ok()) return;
  if (const auto* io = content->As<v1::Io>()) {
    if (io->has_error()) trouble_ = "refused: " + io->error().code();
    if (io->ok().atom() == "sms_sent") awaits_code_ = true;
    if (io->ok2().atom() == "login" && io->ok2().has_pair()) {
      account_.client_id = io->ok2().pair().first();
      account_.token = io->ok2().pair().second();
    }
  }
  const auto* profile = content->As<v1::Profile>();
  if (profile == nullptr || profile->rosters_size() == 0 || account_.token.empty()) return;
  const v1::RosterOrId& roster = profile->rosters(0);
  const int64_t id = roster.has_roster() ? roster.roster().id() : roster.id();
  account_.phone_id = account_.phone + "_" + std::to_string(id);
  finished_ = true;
}

void Enrolment::OnDown(const absl::Status& why, bool, int64_t) {
  if (finished_ || done_) return;
  trouble_ = std::string(why.message());
}

}  // namespace chat::load
