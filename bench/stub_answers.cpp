#include "bench/stub_answers.hpp"

#include <cstdio>

namespace synapse::bench {

namespace {

constexpr std::size_t chat_body_size = 1024;

const std::string chunk_tail =
    R"(,"created":1790000000,"id":"chatcmpl-00000000000000000000000000000000","model":")" +
    std::string{stub_model} +
    R"(","system_fingerprint":"b1-bench","object":"chat.completion.chunk")";

std::string reason(int status) {
  switch (status) {
  case 200:
    return "200 OK";
  case 400:
    return "400 Bad Request";
  default:
    return "404 Not Found";
  }
}

std::string delta_event(std::string_view delta, std::string_view finish_reason) {
  std::string event = R"(data: {"choices":[{"finish_reason":)";
  event += finish_reason;
  event += R"(,"index":0,"delta":)";
  event += delta;
  event += "}]";
  event += chunk_tail;
  event += "}\n\n";
  return event;
}

std::string chat_body() {
  std::string front = R"({"choices":[{"finish_reason":"stop","index":0,"message":)"
                      R"({"role":"assistant","content":")";
  std::string back = R"("}}],"created":1790000000,"model":")" + std::string{stub_model} +
                     R"(","system_fingerprint":"b1-bench","object":"chat.completion","usage":)"
                     R"({"completion_tokens":160,"prompt_tokens":60,"total_tokens":220},)"
                     R"("id":"chatcmpl-00000000000000000000000000000000","timings":{"prompt_n":60,)"
                     R"("prompt_ms":41.2,"predicted_n":160,"predicted_ms":1305.1}})";
  constexpr std::string_view words = "the quick brown fox jumps over the lazy dog and ";
  std::string text;
  const std::size_t room = chat_body_size - front.size() - back.size();
  while (text.size() < room)
    text += words;
  text.resize(room);
  return front + text + back;
}

std::string models_body() {
  return R"({"object":"list","data":[{"id":")" + std::string{stub_model} +
         R"(","aliases":[],"tags":[],"object":"model","owned_by":"llamacpp","created":1790000000,)"
         R"("status":{"value":"loaded","args":["llama-server","--ctx-size","16384"]}}]})";
}

fixed_answers make_answers() {
  constexpr std::string_view json = "application/json; charset=utf-8";
  return {whole_answer(200, json, R"({"status":"ok"})"),
          whole_answer(200, json, chat_body()),
          whole_answer(200, json, models_body()),
          whole_answer(200, json, R"({"success":true})"),
          whole_answer(404, json,
                       R"({"error":{"code":404,"message":"File Not Found",)"
                       R"("type":"not_found_error"}})"),
          whole_answer(400, json,
                       R"({"error":{"code":400,"message":"size out of range",)"
                       R"("type":"invalid_request_error"}})"),
          whole_answer(400, json, R"({"detail":"the form is not whole"})")};
}

} // namespace

std::string http_chunk(std::string_view payload) {
  char size[20];
  const int length = std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
  std::string chunk{size, static_cast<std::size_t>(length)};
  chunk += payload;
  chunk += "\r\n";
  return chunk;
}

std::string whole_answer(int status, std::string_view type, std::string_view body) {
  std::string answer = "HTTP/1.1 " + reason(status) + "\r\nServer: bench-stub\r\nContent-Type: ";
  answer += type;
  answer += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  answer += body;
  return answer;
}

const fixed_answers& answers() {
  static const fixed_answers all = make_answers();
  return all;
}

std::string embedding_answer(std::size_t dimensions) {
  std::string body = R"({"model":")" + std::string{stub_model} +
                     R"(","object":"list","usage":{"prompt_tokens":60,"total_tokens":60},)"
                     R"("data":[{"embedding":[)";
  for (std::size_t i = 0; i < dimensions; ++i) {
    char number[16];
    std::snprintf(number, sizeof number, "%s0.%08zu", i == 0 ? "" : ",", (i * 7919) % 100'000'000);
    body += number;
  }
  body += R"(],"index":0,"object":"embedding"}]})";
  return whole_answer(200, "application/json; charset=utf-8", body);
}

std::string transcription_answer(std::uint64_t file_bytes) {
  return whole_answer(200, "application/json",
                      R"({"text":"x","language":"en","language_probability":1.0,"duration":1.0,)"
                      R"("segments":[],"bytes":)" +
                          std::to_string(file_bytes) + "}");
}

stream_pieces::stream_pieces() {
  opening_ = "HTTP/1.1 200 OK\r\nServer: bench-stub\r\nContent-Type: text/event-stream\r\n"
             "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
  opening_ += http_chunk(delta_event(R"({"role":"assistant","content":null})", "null"));
  const std::string marker(digits_, '#');
  content_ = http_chunk(delta_event(R"({"content":"@)" + marker + R"(;"})", "null"));
  stamp_at_ = content_.find(marker);
  const std::string finish = http_chunk(delta_event("{}", R"("stop")"));
  const std::string usage =
      http_chunk(R"(data: {"choices":[])" + chunk_tail +
                 R"(,"usage":{"completion_tokens":64,"prompt_tokens":60,"total_tokens":124}})"
                 "\n\n");
  const std::string done = http_chunk("data: [DONE]\n\n") + "0\r\n\r\n";
  closing_ = finish + done;
  closing_usage_ = finish + usage + done;
}

std::string_view stream_pieces::content(std::uint64_t sent_ns) {
  // Fixed width with leading zeros: the chunk's length never changes, so only the digits are
  // written.
  for (std::size_t i = digits_; i-- > 0; sent_ns /= 10)
    content_[stamp_at_ + i] = static_cast<char>('0' + sent_ns % 10);
  return content_;
}

} // namespace synapse::bench
