package kv;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

import com.google.gson.Gson;

import org.hyperledger.fabric.shim.ChaincodeBase;
import org.hyperledger.fabric.shim.ChaincodeStub;
import org.hyperledger.fabric.shim.ledger.KeyValue;
import org.hyperledger.fabric.shim.ledger.QueryResultsIterator;

/** The lab's chaincode for Java: the functions of its Go chaincode. */
public final class Kv extends ChaincodeBase {
    /** Takes its arguments and says what the client reads. */
    private interface Function {
        String run(ChaincodeStub stub, List<String> arguments) throws Exception;
    }

    private static final class Known {
        private final int arguments;
        private final Function function;

        Known(final int arguments, final Function function) {
            this.arguments = arguments;
            this.function = function;
        }
    }

    private static final Map<String, Known> FUNCTIONS = Map.of(
        "put", new Known(2, Kv::put),
        "get", new Known(1, Kv::get),
        "range", new Known(2, Kv::range),
        "host", new Known(0, (stub, arguments) -> InetAddress.getLocalHost().getHostName()),
        "env", new Known(1, (stub, arguments) -> System.getenv().getOrDefault(arguments.get(0), "")),
        "resolve", new Known(1, Kv::resolve),
        "sleep", new Known(1, Kv::sleep),
        "alloc", new Known(1, Kv::alloc),
        "crash", new Known(1, Kv::crash),
        "log", new Known(1, Kv::log));

    /** Memory that alloc has taken: kept, so that it is not given back. */
    private static final List<byte[]> ALLOCATED = new ArrayList<>();

    private static String put(final ChaincodeStub stub, final List<String> arguments) {
        stub.putStringState(arguments.get(0), arguments.get(1));
        return "";
    }

    private static String get(final ChaincodeStub stub, final List<String> arguments) {
        final byte[] value = stub.getState(arguments.get(0));
        if (value == null || value.length == 0) {
            throw new IllegalArgumentException("there is no " + arguments.get(0));
        }
        return new String(value, StandardCharsets.UTF_8);
    }

    /** The keys from the first argument up to, not with, the second, as a JSON object. */
    private static String range(final ChaincodeStub stub, final List<String> arguments) throws Exception {
        final Map<String, String> values = new TreeMap<>();
        try (QueryResultsIterator<KeyValue> found = stub.getStateByRange(arguments.get(0), arguments.get(1))) {
            found.forEach(pair -> values.put(pair.getKey(), pair.getStringValue()));
        }
        return new Gson().toJson(values);
    }

    private static String resolve(final ChaincodeStub stub, final List<String> arguments) throws Exception {
        return Arrays.stream(InetAddress.getAllByName(arguments.get(0)))
            .map(InetAddress::getHostAddress)
            .collect(Collectors.joining(" "));
    }

    private static String sleep(final ChaincodeStub stub, final List<String> arguments) throws Exception {
        Thread.sleep((long) (1000 * Double.parseDouble(arguments.get(0))));
        return "";
    }

    /** Takes memory and touches each page of it. */
    private static String alloc(final ChaincodeStub stub, final List<String> arguments) {
        final byte[] block = new byte[Integer.parseInt(arguments.get(0)) << 20];
        Arrays.fill(block, (byte) 1);
        ALLOCATED.add(block);
        return "";
    }

    private static String crash(final ChaincodeStub stub, final List<String> arguments) {
        Runtime.getRuntime().halt(Integer.parseInt(arguments.get(0)));
        return "";
    }

    private static String log(final ChaincodeStub stub, final List<String> arguments) {
        System.out.println(arguments.get(0));
        return arguments.get(0);
    }

    @Override
    public Response init(final ChaincodeStub stub) {
        return newSuccessResponse();
    }

    @Override
    public Response invoke(final ChaincodeStub stub) {
        final String name = stub.getFunction();
        final List<String> arguments = stub.getParameters();
        final Known known = FUNCTIONS.get(name);
        if (known == null || known.arguments != arguments.size()) {
            return newErrorResponse("there is no function " + name + " of " + arguments.size() + " arguments");
        }
        try {
            final String answer = known.function.run(stub, arguments);
            return newSuccessResponse(answer.getBytes(StandardCharsets.UTF_8));
        } catch (Exception error) {
            return newErrorResponse(error.getMessage());
        }
    }

    /**
     * Connects to the peer.
     *
     * @param arguments those of the shim
     */
    public static void main(final String[] arguments) {
        new Kv().start(arguments);
    }
}
