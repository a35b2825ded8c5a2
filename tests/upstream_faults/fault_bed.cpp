#include "tests/upstream_faults/fault_bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <atomic>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

namespace synapse::test {

namespace {

std::string config_of(const std::string& url, const bed_options& how) {
  std::ostringstream text;
  text << "threads: " << how.threads << "\ndrain: {limit: 2s}\n";
  if (!how.limits.empty())
    text << "limits: " << how.limits << "\n";
  text << "backends:\n  " << backend_name << ":\n    url: " << (how.url.empty() ? url : how.url)
       << "\n    type: openai-compatible\n";
  const auto key = [&](const char* name, const std::string& value) {
    if (!value.empty())
      text << "    " << name << ": " << value << "\n";
  };
  key("timeouts", how.timeouts);
  key("retry", how.retry);
  key("breaker", how.breaker);
  key("concurrency", how.concurrency);
  key("pool", how.pool);
  text << "routes:\n";
  for (const auto path : {chat_path, std::string_view{"/v1/completions"},
                          std::string_view{"/v1/embeddings"}, std::string_view{"/raw/*"}})
    text << "  " << path << ": " << backend_name << "\n";
  return text.str();
}

} // namespace

fault_bed::fault_bed(scripted_upstream::script script, const bed_options& how)
    : upstream(std::move(script)), gateway(config_of(upstream.url(), how)) {}

// ---- requests -----------------------------------------------------------------------------------

std::string chat_body(bool stream) {
  return std::string{R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":)"} +
         (stream ? "true}" : "false}");
}

std::string chat_request(bool stream, std::string_view fields) {
  return request_bytes("POST", chat_path, chat_body(stream),
                       "Content-Type: application/json\r\n" + std::string{fields});
}

http_reply fault_bed::chat(bool stream) const {
  auto client = gateway.connect();
  return chat_on(client, stream);
}

http_reply fault_bed::chat_on(raw_client& client, bool stream) const {
  client.send(chat_request(stream));
  return client.read_reply();
}

// ---- what the gateway says about itself ---------------------------------------------------------

double fault_bed::backend_metric(std::string_view name, std::string_view labels) const {
  std::string all = "backend=\"" + std::string{backend_name} + "\"";
  if (!labels.empty())
    all.append(",").append(labels);
  return gateway.metric(name, all);
}

double fault_bed::attempts(std::string_view result) const {
  return backend_metric("synapse_upstream_attempts_total",
                        "result=\"" + std::string{result} + "\"");
}

bool fault_bed::wait_for_backend_metric(std::string_view name, std::string_view labels,
                                        double value) const {
  return wait_until([&] { return backend_metric(name, labels) == value; });
}

bool fault_bed::wait_for_breaker(int state) const {
  return wait_for_backend_metric("synapse_breaker_state", {}, state);
}

double fault_bed::stream_ends(std::string_view kind) const {
  return gateway.metric("synapse_stream_ends_total", "kind=\"" + std::string{kind} + "\"");
}

void fault_bed::expect_backend_metric(std::string_view name, std::string_view labels,
                                      double value) const {
  EXPECT_TRUE(wait_for_backend_metric(name, labels, value))
      << name << "{" << labels << "} is " << backend_metric(name, labels) << ", not " << value;
}

void fault_bed::expect_attempts(std::string_view result, double count) const {
  EXPECT_TRUE(wait_until([&] { return attempts(result) == count; }))
      << attempts(result) << " attempts ended as " << result << ", not " << count;
}

void fault_bed::expect_stream_ends(std::string_view kind, double count) const {
  EXPECT_TRUE(wait_until([&] { return stream_ends(kind) == count; }))
      << stream_ends(kind) << " streams ended as " << kind << ", not " << count;
}

/// What is not at rest; empty if everything is.
std::string fault_bed::busy() const {
  std::string out;
  const auto expect = [&](std::string_view what, double value, double wanted) {
    if (value != wanted)
      out.append(what).append(" is ").append(std::to_string(value)).append("\n");
  };
  for (const auto route : {chat_path, std::string_view{"(configured)"}})
    expect(route,
           gateway.metric("synapse_requests_in_flight", "route=\"" + std::string{route} + "\""), 0);
  expect("upstream_in_flight", backend_metric("synapse_upstream_in_flight"), 0);
  expect("upstream_waiting", backend_metric("synapse_upstream_waiting"), 0);
  expect("active connections", backend_metric("synapse_pool_connections", R"(state="active")"), 0);
  // The one that carries this very question.
  expect("open clients", gateway.metric("synapse_connections", R"(state="open")"), 1);
  expect("idle clients", gateway.metric("synapse_connections", R"(state="idle")"), 0);
  return out;
}

void fault_bed::expect_at_rest() const {
  std::string last;
  wait_until([&] { return (last = busy()).empty(); });
  EXPECT_EQ(last, "") << gateway.err();
}

// ---- judgements ---------------------------------------------------------------------------------

void expect_error(const http_reply& reply, unsigned status, std::string_view code) {
  EXPECT_EQ(reply.status, status) << reply.head << reply.body;
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_NE(reply.field("X-Request-Id"), "");
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  ASSERT_TRUE(body.is_object() && body.contains("error") && body["error"].is_object())
      << reply.body;
  const auto& error = body["error"];
  EXPECT_EQ(error.value("code", ""), code) << reply.body;
  EXPECT_NE(error.value("type", ""), "") << reply.body;
  EXPECT_TRUE(error.contains("param")) << reply.body;
  EXPECT_NE(error.value("message", "").find(backend_name), std::string::npos) << reply.body;
  if (status == 503) {
    EXPECT_GE(std::atoi(reply.field("Retry-After").c_str()), 1) << reply.head;
  }
}

void expect_cut(const http_reply& reply) {
  EXPECT_TRUE(is_cut(reply)) << "the answer ended as " << to_string(reply.end) << "\n"
                             << reply.head << reply.body.substr(0, 2000);
}

// ---- surroundings -------------------------------------------------------------------------------

deaf_listener::deaf_listener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), 0) != 0 ||
      ::getsockname(listener_.get(), any, &size) != 0)
    throw std::runtime_error("cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  // Until one of them is not taken any more.
  for (int i = 0; i < 16; ++i) {
    auto& next = queued_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::fcntl(next.get(), F_SETFL, O_NONBLOCK);
    ::connect(next.get(), any, size);
    pollfd wait{next.get(), POLLOUT, 0};
    if (::poll(&wait, 1, 200) == 0)
      return;
  }
  throw std::runtime_error("a listening socket's queue does not fill up");
}

void in_parallel(std::size_t count, std::size_t at_once,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(count, at_once); ++i)
    threads.emplace_back([&] {
      for (std::size_t item; (item = next++) < count;)
        work(item);
    });
  for (auto& thread : threads)
    thread.join();
}

std::string completion_body() {
  return R"({"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant",)"
         R"("content":"Hi!"}}],"object":"chat.completion","usage":{"completion_tokens":2}})";
}

scripted_upstream::script answer_well() {
  return answer_each([](const upstream_request&) { return answer_bytes(200, completion_body()); });
}

} // namespace synapse::test
