#include "routing/failure/disposition.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace synapse::routing {
namespace {

/// An error as a server really words it.
struct recorded {
  std::string_view server;
  int row;
  std::uint16_t status;
  std::string_view body;
  request_kind kind = request_kind::chat;
  bool html = false;
};

void PrintTo(const recorded& of, std::ostream* out) {
  *out << of.server << " " << of.status << " " << of.body;
}

failure_facts facts_of(const recorded& of, std::string_view body) {
  failure_facts facts;
  facts.status = of.status;
  facts.words = body;
  facts.kind = of.kind;
  facts.html = of.html;
  facts.our_key = true;
  return facts;
}

/// As a string of JSON carries it.
std::string as_json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (c == '\'')
      result += "\\u0027";
    else if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + '"';
}

constexpr auto embeddings = request_kind::embeddings;

const recorded errors[] = {
    {"vLLM", 12, 400,
     R"({"error":{"message":"This model's maximum context length is 4096 tokens. However, you )"
     R"(requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}})"},
    {"vLLM", 12, 400,
     R"({"object":"error","message":"max_tokens must be at least 1, got -904.",)"
     R"("type":"BadRequestError","param":null,"code":400})"},
    {"vLLM", 18, 404,
     R"({"error":{"message":"The model `foo` does not exist.","type":"NotFoundError",)"
     R"("param":"model","code":404}})"},
    {"vLLM", 18, 404,
     R"({"object":"error","message":"The model `foo` does not exist.","type":"NotFoundError",)"
     R"("param":null,"code":404})"},
    {"vLLM", 10, 400,
     R"({"error":{"message":"1 validation errors: field required","type":"Bad Request",)"
     R"("param":"body.messages","code":400}})"},
    {"vLLM", 19, 404, R"({"detail":"Not Found"})"},
    {"vLLM", 13, 401, R"({"error":"Unauthorized"})"},
    {"vLLM", 27, 500,
     R"({"error":{"message":"EngineCore encountered an issue. See stack trace (above) for the )"
     R"(root cause.","type":"InternalServerError","param":null,"code":500}})"},
    {"vLLM", 27, 500, R"({"error":{"message":"EngineDeadError","type":"InternalServerError"}})"},
    {"vLLM", 26, 500, R"({"error":{"message":"CUDA out of memory. Tried to allocate 2 GiB"}})"},
    {"SGLang", 12, 400,
     R"({"object":"error","message":"The input (9000 tokens) is longer than the model's context )"
     R"(length (8192 tokens).","type":"BadRequestError","param":null,"code":400})"},
    {"SGLang", 25, 500,
     R"({"object":"error","message":"Internal server error: x","type":"InternalServerError",)"
     R"("param":null,"code":500})"},
    {"SGLang", 31, 503, R"({"object":"error","message":"The request queue is full.","code":503})"},
    {"llama.cpp", 12, 400,
     R"({"error":{"code":400,"message":"the request exceeds the available context size",)"
     R"("type":"exceed_context_size_error","n_prompt_tokens":14429,"n_ctx":8192}})"},
    {"llama.cpp", 12, 500,
     R"({"error":{"code":500,"message":"input (596 tokens) is too large to process. increase )"
     R"(the physical batch size","type":"server_error"}})",
     embeddings},
    {"llama.cpp", 25, 500,
     R"({"error":{"code":500,"message":"the image is too large to process","type":"server_error"}})"},
    {"llama.cpp", 30, 503,
     R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})"},
    {"llama.cpp", 19, 404,
     R"({"error":{"code":404,"message":"File Not Found","type":"not_found_error"}})"},
    {"llama.cpp", 19, 501,
     R"({"error":{"code":501,"message":"This server does not support embeddings. Start it with )"
     R"(`--embeddings`","type":"not_supported_error"}})",
     embeddings},
    {"llama.cpp", 10, 400,
     R"({"error":{"code":400,"message":"'messages' is required","type":"invalid_request_error"}})"},
    {"llama.cpp", 13, 401,
     R"({"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}})"},
    {"llama.cpp router", 18, 400,
     R"({"error":{"code":400,"message":"model 'x' not found","type":"invalid_request_error"}})"},
    {"llama.cpp router", 30, 400,
     R"({"error":{"code":400,"message":"model is not loaded","type":"invalid_request_error"}})"},
    {"llama.cpp router", 31, 500,
     R"({"error":{"code":500,"message":"model limit reached, try again later",)"
     R"("type":"server_error"}})"},
    {"llama.cpp router", 25, 500,
     R"({"error":{"code":500,"message":"proxy error: Could not connect","type":"server_error"}})"},
    {"Ollama", 12, 400,
     R"({"error":"{\"error\":{\"code\":400,\"message\":\"request (42947 tokens) exceeds the )"
     R"(available context size (8192 tokens), try increasing it\",)"
     R"(\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":42947,\"n_ctx\":8192}}"})"},
    {"Ollama", 12, 400, R"({"error":"the input length exceeds the context length"})", embeddings},
    {"Ollama", 18, 404, R"({"error":"model \"x\" not found, try pulling it first"})"},
    {"Ollama", 18, 404,
     R"({"error":{"message":"model 'x' not found","type":"not_found_error","param":null,)"
     R"("code":null}})"},
    {"Ollama", 31, 503,
     R"({"error":"server busy, please try again.  maximum pending requests exceeded"})"},
    {"Ollama", 26, 500,
     R"e({"error":"model requires more system memory (5.6 GiB) than is available (3.9 GiB)"})e"},
    {"Ollama", 26, 500, R"({"error":"llama runner: unable to allocate CUDA0 buffer"})"},
    {"Ollama", 10, 400, R"({"error":"\"bge-m3\" does not support chat"})"},
    {"Ollama", 10, 400, R"({"error":"\"gemma\" does not support tools"})"},
    {"Ollama", 19, 404, "404 page not found"},
    {"Ollama", 17, 403, ""},
    {"Ollama", 20, 499, R"({"error":"request canceled"})"},
    {"TEI", 12, 422,
     R"({"error":"Input validation error: `inputs` must have less than 512 tokens. Given: 1020",)"
     R"("error_type":"Validation"})",
     embeddings},
    {"TEI", 12, 422, R"({"message":"x","code":422,"type":"Validation"})", embeddings},
    {"TEI", 22, 422,
     R"({"error":"batch size 64 > maximum allowed batch size 32","error_type":"Validation"})",
     embeddings},
    {"TEI", 10, 422, R"({"error":"cannot tokenize","error_type":"Tokenizer"})", embeddings},
    {"TEI", 10, 400, R"({"error":"Batch is empty","error_type":"Empty"})", embeddings},
    {"TEI", 24, 429, R"({"error":"Model is overloaded","error_type":"Overloaded"})", embeddings},
    {"TEI", 25, 424, R"({"error":"x","error_type":"Backend"})", embeddings},
    {"TEI", 13, 401, "", embeddings},
    {"FastAPI", 10, 422,
     R"({"detail":[{"type":"missing","loc":["body","file"],"msg":"Field required"}]})"},
    {"TensorRT-LLM", 11, 400,
     R"({"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'min_p'), )"
     R"('msg': 'Extra inputs are not permitted'}]","type":"BadRequestError","code":400})"},
    {"TensorRT-LLM", 12, 400,
     R"({"object":"error","message":"The sum of prompt length (4000) and query length (0) )"
     R"e(max_tokens (2048) should not exceed max_seq_len (4096)","type":"BadRequestError"})e"},
    {"TensorRT-LLM", 27, 503, "LLM is unavailable. Please check the server logs."},
    {"TensorRT-LLM", 10, 501,
     R"({"object":"error","message":"x","type":"NotImplementedError","code":501})"},
    {"OpenAI", 12, 400,
     R"({"error":{"message":"This model's maximum context length is 8192 tokens.",)"
     R"("type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})"},
    {"OpenAI", 15, 429,
     R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota",)"
     R"("param":null,"code":"insufficient_quota"}})"},
    {"OpenAI", 24, 429,
     R"({"error":{"message":"Rate limit reached for x","type":"requests","param":null,)"
     R"("code":"rate_limit_exceeded"}})"},
    {"OpenAI", 18, 404,
     R"({"error":{"message":"The model `x` does not exist or you do not have access to it.",)"
     R"("type":"invalid_request_error","param":null,"code":"model_not_found"}})"},
    {"OpenAI", 19, 404,
     R"e({"error":{"message":"Invalid URL (POST /v1/x)","type":"invalid_request_error"}})e"},
    {"OpenAI", 40, 400,
     R"({"error":{"message":"x","type":"image_generation_user_error",)"
     R"("code":"content_policy_violation"}})"},
    {"Azure", 40, 400,
     R"({"error":{"message":"The response was filtered","code":"content_filter","innererror":)"
     R"({"code":"ResponsibleAIPolicyViolation"}}})"},
    {"Azure", 18, 404,
     R"({"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource )"
     R"(does not exist."}})"},
    {"OpenRouter", 15, 402, R"({"error":{"code":402,"message":"Insufficient credits"}})"},
    {"OpenRouter", 16, 403,
     R"({"error":{"code":403,"message":"x requires moderation. Your input was flagged"}})"},
    {"OpenRouter", 18, 404, R"({"error":{"message":"No endpoints found for x.","code":404}})"},
    {"OpenRouter", 25, 502, R"({"error":{"code":502,"message":"Provider returned error"}})"},
    {"Anthropic", 12, 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: )"
     R"(210000 tokens > 200000 maximum"}})"},
    {"Anthropic", 12, 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and )"
     R"(`max_tokens` exceed context limit: 190000 + 20000 > 200000"}})"},
    {"Anthropic", 18, 404,
     R"({"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}})"},
    {"Anthropic", 22, 413,
     R"({"type":"error","error":{"type":"request_too_large","message":"Request too large"}})"},
    {"Anthropic", 31, 529,
     R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"},
    {"Anthropic", 40, 400,
     R"({"type":"error","error":{"message":"Output blocked by content filtering policy"}})"},
    {"Anthropic", 25, 504, R"({"type":"error","error":{"type":"timeout_error","message":"x"}})"},
    {"whisper.cpp", 30, 404, "File Not Found (/inference)"},
    {"Speaches", 18, 404,
     R"({"detail":"Model 'x' is not installed locally. You can download the model"})"},
    {"Speaches", 17, 403, R"({"detail":"API key required"})"},
    {"Chatterbox", 10, 404, R"({"detail":"Predefined voice file 'x.wav' not found."})"},
    {"Piper", 25, 500, "<!doctype html><title>500 Internal Server Error</title>",
     request_kind::other, true},
    {"Piper", 19, 404, "<!doctype html><title>404 Not Found</title>", request_kind::other, true},
    {"nginx", 29, 502, "<html><h1>502 Bad Gateway</h1></html>", request_kind::chat, true},
    {"nginx", 29, 503, "<html>503 Service Unavailable</html>", request_kind::chat, true},
    {"Cloudflare", 29, 522, "<html>Connection timed out</html>", request_kind::chat, true},
    {"Caddy", 29, 502, ""},
    {"Envoy", 29, 503, "upstream connect error or disconnect/reset before headers"},
};

class recorded_error : public testing::TestWithParam<recorded> {};

TEST_P(recorded_error, is_judged_by_its_words) {
  EXPECT_EQ(judge(facts_of(GetParam(), GetParam().body)).row, GetParam().row);
}

TEST_P(recorded_error, is_judged_alike_within_another_text_of_json) {
  if (GetParam().body.empty() || GetParam().html)
    return;
  const std::string once = R"({"error":)" + as_json_string(GetParam().body) + "}";
  const std::string twice = R"({"message":)" + as_json_string(once) + "}";
  EXPECT_EQ(judge(facts_of(GetParam(), once)).row, GetParam().row) << once;
  EXPECT_EQ(judge(facts_of(GetParam(), twice)).row, GetParam().row) << twice;
}

INSTANTIATE_TEST_SUITE_P(servers, recorded_error, testing::ValuesIn(errors));

TEST(disposition_words, of_a_context_count_on_4xx_alone) {
  recorded each{"", 0, 0, "context_length_exceeded"};
  for (each.status = 400; each.status < 600; ++each.status)
    EXPECT_EQ(judge(facts_of(each, each.body)).row == 12, each.status < 500) << each.status;
}

TEST(disposition_words, of_an_engine_that_died_within_a_stream_count_whatever_code_it_names) {
  failure_facts facts;
  facts.status = 400;
  facts.place = error_place::first_event;
  facts.words = "BadRequestError\nEngineCore encountered an issue";
  EXPECT_EQ(judge(facts).row, 27);
}

TEST(disposition_words, may_be_fields_a_line_each) {
  failure_facts facts;
  facts.status = 422;
  facts.words = "Validation\ntoo long";
  EXPECT_EQ(judge(facts).row, 12);
  facts.words = "Validation of x\nfailed";
  EXPECT_EQ(judge(facts).row, 10);
}

} // namespace
} // namespace synapse::routing
