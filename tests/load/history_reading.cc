#include "tests/load/history_reading.h"

#include <algorithm>

#include "libs/client/request.h"

namespace chat::load {

namespace {

constexpr int64_t kPageRows = 500;
constexpr client::Millis kAskAgainMs = 15'000;

}  // namespace

HistoryReading::HistoryReading(Fleet& fleet) : fleet_(fleet), readers_(fleet.devices().size()) {
  const auto& conversations = fleet_.conversations();
  for (uint32_t index = 0; index < conversations.size(); ++index) {
    const auto& members = conversations[index].members;
    readers_[members[index % members.size()]].to_read.push_back(index);
    ++left_;
  }
  fleet_.hooks().record = [this](Device& device, std::string_view, const auto& record) {
    const auto* page = dynamic_cast<const v1::History*>(&record);
    if (page != nullptr && page->status() == v1::History::GET) OnHistory(device, *page);
  };
}

HistoryReading::~HistoryReading() { fleet_.hooks().record = nullptr; }

size_t HistoryReading::Advance(client::Millis now) {
  for (Device& device : fleet_.devices()) {
    Reader& reader = readers_[device.index()];
    if (reader.to_read.empty() || !device.ready()) continue;
    if (reader.asked && now < reader.asked_at + kAskAgainMs) continue;
    Ask(device, reader);
  }
  return left_;
}

void HistoryReading::OnHistory(Device& device, const v1::History& page) {
  Reader& reader = readers_[device.index()];
  if (reader.to_read.empty() || page.entity_id() != reader.from) return;
  const uint32_t index = reader.to_read.back();
  const Conversation& conversation = fleet_.conversations()[index];
  const std::string topic = page.has_muc() ? "room/" + page.muc().name()
                                           : "p2p/" + page.p2p().from() + "/" + page.p2p().to();
  if (topic != conversation.topic) return;
  for (const v1::Message& message : page.data()) {
    HistoryRow row{message.id(), message.prev(), false, {}, 0};
    const auto mark = message.files_size() == 0
                          ? std::nullopt
                          : ReadText(fleet_.run(), message.files(0).payload());
    if (mark) {
      row.known = true;
      row.send = mark->send;
      row.version = mark->version;
    }
    fleet_.ledger().AddHistoryRow(index, row);
    ++rows_;
  }
  reader.asked = false;
  if (page.data_size() == 0 || page.size() == reader.from) {
    fleet_.ledger().HistoryEnd(index);
    reader.to_read.pop_back();
    reader.from = 0;
    --left_;
  } else {
    reader.from = page.size();
  }
  if (!reader.to_read.empty()) Ask(device, reader);
}

void HistoryReading::Ask(Device& device, Reader& reader) {
  const Conversation& conversation = fleet_.conversations()[reader.to_read.back()];
  v1::History request;
  request.set_roster_id(device.account().phone_id);
  if (conversation.room.empty()) {
    const std::string& one = fleet_.devices()[conversation.members[0]].account().phone_id;
    const std::string& other = fleet_.devices()[conversation.members[1]].account().phone_id;
    request.mutable_p2p()->set_from(std::min(one, other));
    request.mutable_p2p()->set_to(std::max(one, other));
  } else {
    request.mutable_muc()->set_name(conversation.room);
  }
  request.set_size(kPageRows);
  request.set_entity_id(reader.from);
  request.set_status(v1::History::GET);
  reader.asked = true;
  reader.asked_at = NowMs();
  Errand errand;
  errand.payload = client::Payload(request);
  device.Submit(std::move(errand));
}

}  // namespace chat::load
