// The HTTP building blocks, each against the obvious alternative. All inputs are what the gateway
// sees all day: a Python client's request, a model server's stream.
#include "http/core/body/chunked.hpp"
#include "http/core/body/sse.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/core/request/request_id.hpp"
#include "http/dialects/anthropic/message_events.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/dialects/openai/chat_stream.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <string>
#include <string_view>

namespace {

namespace beast = boost::beast;
using namespace synapse::http;

const std::string request_text = "POST /v1/chat/completions HTTP/1.1\r\n"
                                 "Host: gateway.example:8000\r\n"
                                 "Accept-Encoding: gzip, deflate\r\n"
                                 "Connection: keep-alive\r\n"
                                 "Accept: application/json\r\n"
                                 "Content-Type: application/json\r\n"
                                 "User-Agent: OpenAI/Python 1.99.1\r\n"
                                 "X-Stainless-Lang: python\r\n"
                                 "X-Stainless-Retry-Count: 0\r\n"
                                 "Authorization: Bearer sk-0123456789abcdef0123456789abcdef\r\n"
                                 "Content-Length: 300\r\n"
                                 "\r\n";

const std::string response_text = "HTTP/1.1 200 OK\r\n"
                                  "Keep-Alive: timeout=5, max=100\r\n"
                                  "Content-Type: application/json; charset=utf-8\r\n"
                                  "Server: llama.cpp\r\n"
                                  "Access-Control-Allow-Origin: \r\n"
                                  "Content-Length: 512\r\n"
                                  "\r\n";

void parse_request_head(benchmark::State& state) {
  request_head head;
  for (auto _ : state) {
    std::size_t scanned = 0;
    auto r = parse_request(request_text.data(), request_text.size(), scanned, {}, head);
    benchmark::DoNotOptimize(r);
    benchmark::DoNotOptimize(head.fields.size());
  }
}
BENCHMARK(parse_request_head);

void parse_response_head(benchmark::State& state) {
  response_head head;
  for (auto _ : state) {
    std::size_t scanned = 0;
    auto r = parse_response(response_text.data(), response_text.size(), scanned, {}, head);
    benchmark::DoNotOptimize(r);
    benchmark::DoNotOptimize(head.fields.size());
  }
}
BENCHMARK(parse_response_head);

void parse_request_head_with_beast_fields(benchmark::State& state) {
  for (auto _ : state) {
    beast::http::request_parser<beast::http::empty_body> parser;
    beast::error_code ec;
    parser.put(boost::asio::buffer(request_text), ec);
    benchmark::DoNotOptimize(parser.get().target());
  }
}
BENCHMARK(parse_request_head_with_beast_fields);

/// Beast's parser without its containers: the fields go into an array of views.
class lean_parser : public beast::http::basic_parser<true> {
public:
  std::size_t fields() const { return count_; }

private:
  using view = beast::string_view;
  void on_request_impl(beast::http::verb, view, view target, int, beast::error_code& ec) override {
    target_ = target;
    ec = {};
  }
  void on_response_impl(int, view, int, beast::error_code& ec) override { ec = {}; }
  void on_field_impl(beast::http::field id, view, view value, beast::error_code& ec) override {
    if (count_ < fields_.size())
      fields_[count_++] = {id, value};
    ec = {};
  }
  void on_header_impl(beast::error_code& ec) override { ec = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code& ec) override {
    ec = {};
  }
  std::size_t on_body_impl(view body, beast::error_code& ec) override {
    ec = {};
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, view, beast::error_code& ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, view body, beast::error_code& ec) override {
    ec = {};
    return body.size();
  }
  void on_finish_impl(beast::error_code& ec) override { ec = {}; }

  std::array<std::pair<beast::http::field, view>, 32> fields_;
  std::size_t count_ = 0;
  view target_;
};

void parse_request_head_with_beast_lean(benchmark::State& state) {
  for (auto _ : state) {
    lean_parser parser;
    beast::error_code ec;
    parser.put(boost::asio::buffer(request_text), ec);
    benchmark::DoNotOptimize(parser.fields());
  }
}
BENCHMARK(parse_request_head_with_beast_lean);

void rewrite_request_head(benchmark::State& state) {
  request_head head;
  std::size_t scanned = 0;
  parse_request(request_text.data(), request_text.size(), scanned, {}, head);
  upstream_head_options options;
  options.authority = "llama-router:8082";
  options.request_id = "req-0123456789abcdef01234567";
  options.client_ip = "192.0.2.1";
  options.framing = body_framing::content_length;
  options.content_length = 300;
  std::string out;
  for (auto _ : state) {
    write_upstream_request_head(out, head, options);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(rewrite_request_head);

void rewrite_response_head(benchmark::State& state) {
  response_head head;
  std::size_t scanned = 0;
  parse_response(response_text.data(), response_text.size(), scanned, {}, head);
  downstream_head_options options;
  options.request_id = "req-0123456789abcdef01234567";
  options.framing = body_framing::content_length;
  options.content_length = 512;
  std::string out;
  for (auto _ : state) {
    write_downstream_response_head(out, head, options);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(rewrite_response_head);

std::string stream_chunk(std::string_view delta) {
  return "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":" + std::string(delta) +
         "}],\"created\":1790000000,\"id\":\"chatcmpl-4gX0bq2mYp1sTn7cRz9LwKdVh3uJf6aE\",\"model\":"
         "\"qwen3-8b-q4\",\"system_fingerprint\":\"b9000-abc1234\",\"object\":"
         "\"chat.completion.chunk\"}\n\n";
}

/// 100 events of a running stream.
const std::string& stream_text() {
  static const std::string text = [] {
    std::string out;
    for (int i = 0; i < 100; ++i)
      out += stream_chunk("{\"content\":\" word\"}");
    return out;
  }();
  return text;
}

template <class Use>
void for_each_event(sse_scanner& scanner, std::string_view text, Use use) {
  sse_event event;
  while (scanner.next(text.data(), text.size(), event) == sse_status::event) {
    use(event);
    text.remove_prefix(event.size);
  }
}

void scan_stream_event(benchmark::State& state) {
  sse_scanner scanner(1 << 20);
  std::size_t events = 0;
  for (auto _ : state) {
    scanner.reset();
    for_each_event(scanner, stream_text(), [&](const sse_event&) { ++events; });
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(scan_stream_event);

void scan_and_watch_stream_event(benchmark::State& state) {
  sse_scanner scanner(1 << 20);
  std::size_t events = 0;
  for (auto _ : state) {
    scanner.reset();
    chat_stream_watch watch;
    for_each_event(scanner, stream_text(), [&](const sse_event& e) {
      ++events;
      watch.on_event(e);
    });
    benchmark::DoNotOptimize(watch.content_seen());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(scan_and_watch_stream_event);

/// Each event becomes another dialect's: what a client of the Messages API costs per event.
void translate_stream_event(benchmark::State& state) {
  std::size_t events = 0;
  std::string out;
  for (auto _ : state) {
    anthropic::message_events answer({"msg_1", 0, "model"}, 1 << 20);
    out.clear();
    answer.take(stream_text(), out);
    benchmark::DoNotOptimize(out.data());
    events += 100;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(translate_stream_event);

/// Every event of a stream parsed: what the watch does before the first content.
void watch_parsed_event(benchmark::State& state) {
  const std::string data = stream_chunk("{\"role\":\"assistant\",\"content\":null}").substr(6);
  chat_stream_watch watch;
  for (auto _ : state)
    benchmark::DoNotOptimize(watch.on_data(data));
}
BENCHMARK(watch_parsed_event);

std::string request_body(std::size_t size) {
  std::string out =
      R"({"model":"Qwen3-8B-Q4_K_M","stream":true,"temperature":0.7,"max_tokens":256,)"
      R"("messages":[{"role":"system","content":"You are helpful."},)"
      R"({"role":"user","content":")";
  while (out.size() + 4 < size)
    out += "word ";
  return out + "\"}]}";
}

void inspect_body(benchmark::State& state) {
  std::string body = request_body(static_cast<std::size_t>(state.range(0)));
  const std::size_t size = body.size();
  body.append(json_padding, ' ');
  for (auto _ : state)
    benchmark::DoNotOptimize(inspect_padded_json(std::string_view(body).substr(0, size)));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * size));
}
BENCHMARK(inspect_body)->Arg(300)->Arg(4096)->Arg(65536);

void scan_chat_body(benchmark::State& state) {
  const std::string body = request_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto view = scan_chat(body);
    benchmark::DoNotOptimize(view);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(scan_chat_body)->Arg(300)->Arg(1024)->Arg(65536);

/// Everything that is done to a request whose model is chosen and has a profile.
void fill_chat_body(benchmark::State& state) {
  const std::string body = request_body(1024);
  chat_profile profile;
  profile.top_k = "40";
  profile.min_p = "0.05";
  for (auto _ : state) {
    const auto view = scan_chat(body);
    chat_edits edits;
    edits.model = "Qwen2.5-Coder-7B-Instruct-Q4_K_M";
    fill_chat(body, view, profile, edits);
    benchmark::DoNotOptimize(apply_edits(body, view, edits));
  }
}
BENCHMARK(fill_chat_body);

void inspect_body_unpadded(benchmark::State& state) {
  const std::string body = request_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(inspect_json(body));
}
BENCHMARK(inspect_body_unpadded)->Arg(300);

void parse_body_with_nlohmann(benchmark::State& state) {
  const std::string body = request_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(nlohmann::json::parse(body, nullptr, false));
}
BENCHMARK(parse_body_with_nlohmann)->Arg(300);

void decode_chunk(benchmark::State& state) {
  std::string wire;
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  for (int i = 0; i < 100; ++i) {
    char buffer[20];
    wire.append(chunk_head(payload.size(), buffer)).append(payload).append("\r\n");
  }
  for (auto _ : state) {
    chunk_decoder decoder;
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < wire.size();) {
      const auto step = decoder.next(wire.data() + at, wire.size() - at);
      bytes += step.payload.size();
      at += step.consumed;
    }
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(decode_chunk)->Arg(250)->Arg(4096);

void make_request_id(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(request_id::make());
}
BENCHMARK(make_request_id);

void keep_request_id(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(request_id::keep_or_make("req-0123456789abcdef01234567"));
}
BENCHMARK(keep_request_id);

void error_reply(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_error_reply(out, error_dialect::openai, response_detail::no_healthy_upstream,
                       {.request_id = "req-0123456789abcdef01234567", .retry_after = 30});
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(error_reply);

} // namespace
