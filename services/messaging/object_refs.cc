#include "services/messaging/object_refs.h"

#include <charconv>

namespace chat::messaging {

namespace {

namespace pb = google::protobuf;

constexpr std::string_view kFile = "/file/";
constexpr std::string_view kPresigned = "X-Amz-Signature=";
constexpr size_t kMaxId = 255;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    const bool escaped = text[i] == '%' && high >= 0 && low >= 0;
    out += escaped ? static_cast<char>(high * 16 + low) : text[i];
    if (escaped) i += 2;
  }
  return out;
}

void Collect(pb::Message* message, std::vector<v1::Desc*>* found) {
  if (auto* desc = dynamic_cast<v1::Desc*>(message)) {
    if (!desc->object().empty()) found->push_back(desc);
    return;
  }
  const pb::Reflection& of = *message->GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  of.ListFields(*message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      Collect(of.MutableMessage(message, field), found);
      continue;
    }
    for (int i = 0; i < of.FieldSize(*message, field); ++i) {
      Collect(of.MutableRepeatedMessage(message, field, i), found);
    }
  }
}

}  // namespace

std::string RefText(AccountId account, std::string_view id) {
  return std::to_string(account.value) + "/" + std::string(id);
}

std::optional<ObjectRef> RefOf(const v1::Desc& desc) {
  const std::string& text = desc.object();
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  ObjectRef ref{{}, text.substr(slash + 1)};
  std::from_chars(text.data(), text.data() + slash, ref.account.value);
  return ref;
}

std::optional<std::string> LinkedId(std::string_view payload) {
  std::string_view path = payload.substr(0, payload.find('?'));
  const bool http = path.substr(0, 7) == "http://" || path.substr(0, 8) == "https://";
  if (http) {
    const size_t host = path.find("//") + 2;
    const size_t slash = path.find('/', host);
    if (slash == std::string_view::npos) return std::nullopt;
    path.remove_prefix(slash);
  }
  const bool presigned = http && payload.find(kPresigned) != std::string_view::npos;
  if (path.substr(0, kFile.size()) == kFile) {
    path.remove_prefix(kFile.size());
  } else if (presigned) {
    path.remove_prefix(path.rfind('/') + 1);
  } else {
    return std::nullopt;
  }
  if (path.empty() || path.find('/') != std::string_view::npos || path.size() > 3 * kMaxId) {
    return std::nullopt;
  }
  return Decoded(path);
}

void NameObjects(AccountId author, pb::RepeatedPtrField<v1::Desc>* files) {
  for (v1::Desc& desc : *files) {
    const std::optional<std::string> id = LinkedId(desc.payload());
    desc.set_object(id ? RefText(author, *id) : "");
  }
}

std::vector<v1::Desc*> ObjectsIn(pb::Message* message) {
  std::vector<v1::Desc*> found;
  Collect(message, &found);
  return found;
}

bool HasObjects(const v1::Message& message) {
  for (const v1::Desc& desc : message.files()) {
    if (!desc.object().empty()) return true;
  }
  return false;
}

}  // namespace chat::messaging
