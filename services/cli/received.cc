#include "services/cli/received.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/status.h"
#include "libs/bert/text.h"
#include "libs/mqtt/topic.h"
#include "services/cli/hex.h"

namespace chat::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxPlainTerm = 2000;

bool IsGreeting(const Received& received) {
  if (received.As<v1::VnodeMax>() != nullptr) return true;
  if (const auto* profile = received.As<v1::Profile>()) {
    return profile->status() == v1::Profile::INIT;
  }
  const auto* io = received.As<v1::Io>();
  return io != nullptr && io->has_ok2() && io->ok2().atom() == "login";
}

// The bytes of the UTF-8 character at the front; 0 when it is broken.
size_t CharacterSize(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const std::string_view character = text.substr(0, size);
  if (character.size() < size) return 0;
  // MQTT's notion lacks the zero character, which is a control character here anyhow.
  return lead == 0 || mqtt::IsValidUtf8(character) ? size : 0;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  // U+0080 to U+009F steer terminals too.
  return character.size() == 2 && first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

std::string ContactLine(const v1::Contact& contact) {
  std::string line = "contact " + contact.phone_id() + " " + StatusAtom(contact);
  if (contact.has_presence()) {
    line += contact.presence() == v1::ONLINE ? " online" : " offline";
  }
  return line;
}

std::string Text(const v1::Message& message) {
  std::string text;
  for (const v1::Desc& part : message.files()) {
    if (!text.empty()) text += " ";
    const bool plain = !part.has_mime() || part.mime() == "text";
    text += plain ? part.payload() : "[" + part.mime() + " " + part.filename() + "]";
  }
  return text;
}

}  // namespace

Received Understand(client::Incoming incoming, std::string_view reply_topic) {
  Received received;
  auto content = client::ReadContent(incoming.payload);
  if (content.ok()) {
    received.content = *std::move(content);
  } else {
    received.malformed = Message(content.status());
  }
  received.reply = incoming.topic == reply_topic;
  received.greeting = received.reply && IsGreeting(received);
  received.incoming = std::move(incoming);
  return received;
}

std::string ToJsonLine(const Received& received) {
  Json json = {{"topic", received.incoming.topic},
               {"qos", static_cast<int>(received.incoming.qos)},
               {"term", nullptr},
               {"record", nullptr}};
  if (received.content) {
    json["term"] = bert::ToErlangText(received.content->term);
    const std::string_view name = received.content->record_name();
    if (!name.empty()) json["record"] = name;
  } else {
    json["malformed"] = received.malformed;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ToPlainLine(const Received& received) {
  std::string line = received.incoming.topic + "  ";
  if (!received.content) {
    line += "malformed: " + received.malformed;
  } else if (const auto* message = received.As<v1::Message>()) {
    line += Summary(*message);
  } else if (const auto* contact = received.As<v1::Contact>()) {
    line += ContactLine(*contact);
  } else {
    std::string term = bert::ToErlangText(received.content->term);
    if (term.size() > kMaxPlainTerm) term.resize(kMaxPlainTerm), term += " ...";
    line += term;
  }
  return Printable(line);
}

std::string Printable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t size = CharacterSize(bytes);
    const std::string_view character = bytes.substr(0, size == 0 ? 1 : size);
    if (size == 0) {
      text += "?";
    } else if (IsControl(character)) {
      for (const char byte : character) text += "\\x" + ToHex({&byte, 1});
    } else {
      text += character;
    }
    bytes.remove_prefix(character.size());
  }
  return text;
}

std::string StatusAtom(const v1::Contact& contact) {
  const auto* value = v1::Contact::Status_descriptor()->FindValueByNumber(contact.status());
  return value == nullptr ? "" : value->options().GetExtension(::bert::atom);
}

std::string Summary(const v1::Message& message) {
  std::string line = "#" + std::to_string(message.id()) + " " + message.from() + ": ";
  if (message.status() == v1::Message::DELETED || message.seenby_size() == 1) {
    if (message.files().empty()) return line + "(removed)";
  }
  if (message.status() == v1::Message::EDIT) line += "(edited) ";
  return line + Text(message);
}

absl::Status PrintLine(const std::string& line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                       std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  return written ? absl::OkStatus() : absl::InternalError("stdout cannot be written");
}

}  // namespace chat::cli
