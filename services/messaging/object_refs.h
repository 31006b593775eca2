// Objects in messages (PROTOCOL O16): a part whose content is media's carries `<account>/<id>` in
// the hidden field Desc.object, the uploader's account and what it calls the object. The payload
// beside it is empty (an upload of ours, completed) or what the author wrote, a link. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"

namespace chat::messaging {

struct ObjectRef {
  AccountId account;
  std::string id;
};
// nullopt: the part's content is no object.
std::optional<ObjectRef> RefOf(const v1::Desc& desc);
std::string RefText(AccountId account, std::string_view id);

// What a payload that may be a link of media names: `/file/<id>`, an URL with that path, or a
// presigned one. Whether it is one of ours, and the author's, media says when it is rendered.
std::optional<std::string> LinkedId(std::string_view payload);
// Sets or clears `object` of parts as an author wrote them.
void NameObjects(AccountId author, google::protobuf::RepeatedPtrField<v1::Desc>* files);

// The parts with objects, wherever they are in the message. Cheap where there can be none.
std::vector<v1::Desc*> ObjectsIn(google::protobuf::Message* message);
bool HasObjects(const v1::Message& message);

}  // namespace chat::messaging
