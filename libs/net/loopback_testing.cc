#include "libs/net/loopback_testing.h"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace chat::net::testing_support {

namespace asio = boost::asio;

class EchoServer::Echo : public StreamHandler {
 public:
  Echo(std::shared_ptr<Stream> stream, EchoServer* server)
      : stream_(std::move(stream)), server_(server) {
    stream_->Start(*this);
  }
  void OnData(std::string_view bytes) override {
    if (!stream_) return;
    if (bytes == "peer") return stream_->Write(stream_->peer());
    stream_->Write(bytes.substr(0, bytes.starts_with("bye") ? 3 : bytes.size()));
    if (!bytes.starts_with("bye")) return;
    stream_->Close(1000);
    stream_.reset();
  }
  void OnFlushed() override {}
  void OnEnd() override {
    stream_.reset();
    if (!server_->has_ended_.exchange(true)) server_->ended_.set_value();
  }

 private:
  std::shared_ptr<Stream> stream_;
  EchoServer* server_;
};

EchoServer::EchoServer(Wrap wrap) {
  loop_.Start();
  auto listener =
      TcpListener::Listen(loop_, "127.0.0.1:0", [this, wrap](std::shared_ptr<Stream> s) {
        wrap(loop_, std::move(s), [this](std::shared_ptr<Stream> stream) {
          ++accepted_;
          echoes_.push_back(std::make_unique<Echo>(std::move(stream), this));
        });
      });
  listener_ = *std::move(listener);
}

EchoServer::~EchoServer() {
  loop_.Post([this] { listener_->Stop(); });
  loop_.Stop();
  echoes_.clear();
}

bool EchoServer::AwaitEnd() {
  return ended_.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
}

BlockingClient::BlockingClient(int port) {
  socket_.connect({asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
  socket_.set_option(asio::ip::tcp::no_delay(true));
}

void BlockingClient::Send(std::string_view bytes) {
  asio::write(socket_, asio::buffer(bytes.data(), bytes.size()));
}

std::string BlockingClient::Receive(size_t size) {
  std::string bytes(size, 0);
  asio::read(socket_, asio::buffer(bytes));
  return bytes;
}

std::string BlockingClient::ReceiveAll() {
  std::string bytes;
  boost::system::error_code error;
  asio::read(socket_, asio::dynamic_buffer(bytes), error);
  return bytes;
}

}  // namespace chat::net::testing_support
